(** # Spaces: a distance, an inner product

States and actions may live in any set with a distance. Lemma 1 uses three of a distance's properties; symmetry
and "distance zero means equal" are not among them, so they are not asked for here. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums.
Open Scope R_scope.

Record Distance (X : Type) := {
  dist :> X -> X -> R;
  dist_nonneg : forall x y, 0 <= dist x y;
  dist_self : forall x, dist x x = 0;
  dist_triangle : forall x y z, dist x z <= dist x y + dist y z }.

Definition Symmetric {X} (d : Distance X) := forall x y, d x y = d y x.

(** ## Inner products

A real semi-inner-product space: addition, multiplication by numbers, and $\langle x,y\rangle$, bilinear, symmetric and with
$\langle x,x\rangle\ge0$. Nothing else is needed, not even that addition is associative, because only inner products are computed with. *)

Record InnerProductSpace := {
  point :> Type;
  plus_ : point -> point -> point;
  times_ : R -> point -> point;
  inner : point -> point -> R;
  inner_plus : forall x y z, inner (plus_ x y) z = inner x z + inner y z;
  inner_times : forall a x z, inner (times_ a x) z = a * inner x z;
  inner_sym : forall x y, inner x y = inner y x;
  inner_nonneg : forall x, 0 <= inner x x }.

Arguments plus_ {_}. Arguments times_ {_}. Arguments inner {_}.
Notation "⟨ x , y ⟩" := (inner x y) (at level 0, x at level 99, y at level 99).
Notation "x ⊖ y" := (plus_ x (times_ (-1) y)) (at level 50, left associativity).
Notation "‖ x ‖" := (sqrt (inner x x)) (at level 20, x at level 99).

Section Inner.
  Context {E : InnerProductSpace}.
  Implicit Types x y z : E.

  Lemma inner_plus_r x y z : ⟨x, plus_ y z⟩ = ⟨x, y⟩ + ⟨x, z⟩.
  Proof. rewrite inner_sym, inner_plus, (inner_sym _ y), (inner_sym _ z). reflexivity. Qed.

  Lemma inner_times_r a x y : ⟨x, times_ a y⟩ = a * ⟨x, y⟩.
  Proof. rewrite inner_sym, inner_times, (inner_sym _ y). reflexivity. Qed.

  Lemma norm_nonneg x : 0 <= ‖x‖.
  Proof. apply sqrt_pos. Qed.

  Lemma norm_square x : ‖x‖ ^ 2 = ⟨x, x⟩.
  Proof. simpl. rewrite Rmult_1_r. apply sqrt_sqrt, inner_nonneg. Qed.

  Lemma inner_minus_square x y : ⟨x ⊖ y, x ⊖ y⟩ = ⟨x, x⟩ - 2 * ⟨x, y⟩ + ⟨y, y⟩.
  Proof. rewrite inner_plus, inner_times, !inner_plus_r, !inner_times_r, (inner_sym _ y x). ring. Qed.

  (* Cauchy and Schwarz: the quadratic $\lVert x-ty\rVert^2\ge0$ at its minimum, or at a large t where ⟨y,y⟩ = 0. *)
  Lemma cauchy_schwarz x y : ⟨x, y⟩ <= ‖x‖ * ‖y‖.
  Proof.
    rewrite <- sqrt_mult by apply inner_nonneg.
    eapply Rle_trans; [apply Rle_abs|]. rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt. unfold Rsqr.
    assert (Q : forall t, 0 <= ⟨x, x⟩ - 2 * t * ⟨x, y⟩ + t ^ 2 * ⟨y, y⟩).
    { intros t. replace (⟨x, x⟩ - 2 * t * ⟨x, y⟩ + t ^ 2 * ⟨y, y⟩)
        with (⟨plus_ x (times_ (- t) y), plus_ x (times_ (- t) y)⟩); [apply inner_nonneg|].
      rewrite inner_plus, inner_times, !inner_plus_r, !inner_times_r, (inner_sym _ y x). ring. }
    pose proof (inner_nonneg _ x) as X. pose proof (inner_nonneg _ y) as Y.
    set (a := ⟨x, x⟩) in *. set (b := ⟨x, y⟩) in *. set (c := ⟨y, y⟩) in *. clearbody a b c.
    destruct (Req_dec c 0) as [->|N].
    - destruct (Req_dec b 0) as [->|B]; [lra|]. specialize (Q ((a + 1) / (2 * b))).
      replace (a - 2 * ((a + 1) / (2 * b)) * b + ((a + 1) / (2 * b)) ^ 2 * 0) with (-1) in Q by (field; lra). lra.
    - specialize (Q (b / c)). assert (C : 0 < c) by lra.
      replace (a - 2 * (b / c) * b + (b / c) ^ 2 * c) with ((a * c - b * b) / c) in Q by (field; lra).
      apply (Rmult_le_compat_r c) in Q; [|lra]. unfold Rdiv in Q. rewrite Rmult_assoc, Rinv_l in Q by lra. lra.
  Qed.

  Lemma norm_triangle x y : ‖plus_ x y‖ <= ‖x‖ + ‖y‖.
  Proof.
    apply Rsqr_incr_0_var; [|generalize (norm_nonneg x) (norm_nonneg y); lra].
    unfold Rsqr. rewrite sqrt_sqrt by apply inner_nonneg.
    rewrite inner_plus, !inner_plus_r, (inner_sym _ y x).
    pose proof (cauchy_schwarz x y). pose proof (norm_square x). pose proof (norm_square y). lra.
  Qed.

  Lemma minus_self x : ‖x ⊖ x‖ = 0.
  Proof. rewrite inner_minus_square. replace (⟨x, x⟩ - 2 * ⟨x, x⟩ + ⟨x, x⟩) with 0 by ring. apply sqrt_0. Qed.

  Lemma minus_triangle x y z : ‖x ⊖ z‖ <= ‖x ⊖ y‖ + ‖y ⊖ z‖.
  Proof.
    eapply Rle_trans; [|apply norm_triangle]. right. f_equal.
    rewrite !inner_plus, !inner_times, !inner_plus_r, !inner_times_r.
    rewrite (inner_sym _ y x), (inner_sym _ z x), (inner_sym _ z y). ring.
  Qed.

  Lemma minus_sym x y : ‖x ⊖ y‖ = ‖y ⊖ x‖.
  Proof. f_equal. rewrite !inner_minus_square, (inner_sym _ y x). ring. Qed.
End Inner.

(* The norm of a difference is a distance: Lemma 1 holds in every inner product space. *)
Definition norm_distance (E : InnerProductSpace) : Distance E :=
  {| dist := fun x y => ‖x ⊖ y‖; dist_nonneg := fun x y => norm_nonneg _;
     dist_self := minus_self; dist_triangle := minus_triangle |}.

(* $\mathbb R^n$ with its Euclidean inner product; coordinates from $n$ on are not looked at. *)
Definition Euclidean (n : nat) : InnerProductSpace.
Proof.
  refine {| point := nat -> R; plus_ := fun x y i => x i + y i; times_ := fun a x i => a * x i;
            inner := fun x y => ∑ (i < n) x i * y i |}.
  - intros. rewrite <- Sum_plus. apply Sum_ext. intros. ring.
  - intros. rewrite <- Sum_scal. apply Sum_ext. intros. ring.
  - intros. apply Sum_ext. intros. ring.
  - intros. apply Sum_nonneg. intros. nra.
Defined.

(* The real line and the distance |x − y|. *)
Definition Line : Distance R.
Proof.
  refine {| dist := fun x y => Rabs (x - y) |}.
  - intros. apply Rabs_pos.
  - intros. rewrite Rminus_eq_0. apply Rabs_R0.
  - intros. replace (x - z) with ((x - y) + (y - z)) by ring. apply Rabs_triang.
Defined.

(* A space with one point. *)
Definition Point : Distance unit.
Proof. refine {| dist := fun _ _ => 0 |}; intros; lra. Defined.
