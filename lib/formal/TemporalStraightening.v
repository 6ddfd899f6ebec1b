(** # Proposition 1: temporal straightening *)
From Coq Require Import Reals Lra Lia.
From Imagination Require Import Sums Spaces.
Open Scope R_scope.

(** ## Velocity and curvature loss *)

Section Rollout.
  Context {Z : InnerProductSpace}.
  Variables (f : Z -> Z) (z_0 : Z).

  Definition v (z : Z) : Z := f z ⊖ z.

  Fixpoint z (t : nat) : Z :=
    match t with
    | O => z_0
    | S t => f (z t)
    end.

  (* Definition 1: one minus the cosine of the angle between consecutive velocities. *)
  Definition curvature_loss (t : nat) : R := 1 - ⟨v (z t), v (z (S t))⟩ / (‖v (z t)‖ * ‖v (z (S t))‖).

  Definition Velocity_Lipschitz_on_rollout (ε : R) : Prop :=
    forall t, ‖v (z (S t)) ⊖ v (z t)‖ <= ε * ‖z (S t) ⊖ z t‖.
End Rollout.

(** @proposition-1 Straightening from a Lipschitz velocity
Let $v(z)=f(z)-z$ be $\varepsilon$-Lipschitz on the states that the rollout visits, $0\le\varepsilon<1$, and $v(z_t)\ne0$. Then $v(z_{t+1})\ne0$ (the paper assumes it) and

$$\ell_t\le\frac{\varepsilon^2}{2(1-\varepsilon)}.$$ *)
Definition Proposition_1 : Prop :=
  forall (Z : InnerProductSpace) (f : Z -> Z) (z_0 : Z) (ε : R) (t : nat),
  0 <= ε < 1 -> Velocity_Lipschitz_on_rollout f z_0 ε ->
  ‖v f (z f z_0 t)‖ <> 0 ->
  ‖v f (z f z_0 (S t))‖ <> 0 /\ curvature_loss f z_0 t <= ε ^ 2 / (2 * (1 - ε)).

(** @proposition-1 The bound increases
$\varepsilon<\varepsilon'$ in $[0,1)$ gives $\frac{\varepsilon^2}{2(1-\varepsilon)}<\frac{\varepsilon'^2}{2(1-\varepsilon')}$. *)
Definition Proposition_1_increases : Prop :=
  forall ε ε' : R, 0 <= ε < ε' -> ε' < 1 -> ε ^ 2 / (2 * (1 - ε)) < ε' ^ 2 / (2 * (1 - ε')).

(** @straightening-sharp Sharp curvature bound
Under the same hypotheses, $\varepsilon=1$ allowed if $v(z_{t+1})\ne0$:

$$\ell_t\le1-\sqrt{1-\varepsilon^2}.$$ *)
Definition Sharp_curvature_bound : Prop :=
  forall (Z : InnerProductSpace) (f : Z -> Z) (z_0 : Z) (ε : R) (t : nat),
  0 <= ε <= 1 -> Velocity_Lipschitz_on_rollout f z_0 ε ->
  ‖v f (z f z_0 t)‖ <> 0 -> ‖v f (z f z_0 (S t))‖ <> 0 ->
  curvature_loss f z_0 t <= 1 - sqrt (1 - ε ^ 2).

(** @straightening-sharp The spiral attains it
In the plane $f(z)=\rho\,\mathrm{Rot}(\arcsin\varepsilon)\,z$ with $\rho=\sqrt{1-\varepsilon^2}$ has an $\varepsilon$-Lipschitz velocity (everywhere) and, from every start but 0, $\ell_t=1-\sqrt{1-\varepsilon^2}$ at every step. *)
Definition Spiral_attains : Prop :=
  forall (ε : R) (z_0 : Euclidean 2),
  0 < ε < 1 -> ‖z_0‖ <> 0 ->
  let ρ := sqrt (1 - ε ^ 2) in
  let f : Euclidean 2 -> Euclidean 2 := fun z i =>
    match i with O => ρ * (ρ * z O - ε * z 1%nat) | _ => ρ * (ε * z O + ρ * z 1%nat) end in
  (forall x y, ‖v f x ⊖ v f y‖ <= ε * ‖x ⊖ y‖) /\
  forall t, ‖v f (z f z_0 t)‖ <> 0 /\ curvature_loss f z_0 t = 1 - sqrt (1 - ε ^ 2).

(** @straightening-sharp Sharp means below the paper's
For $0<\varepsilon<1$: $1-\sqrt{1-\varepsilon^2}<\frac{\varepsilon^2}{2(1-\varepsilon)}$. *)
Definition Sharp_is_smaller : Prop :=
  forall ε : R, 0 < ε < 1 -> 1 - sqrt (1 - ε ^ 2) < ε ^ 2 / (2 * (1 - ε)).

(** ## Proofs *)

(* With q = ‖w‖/‖u‖, the law of cosines says 2q(1 − cos) ≤ ε² − (q − 1)². Here it is without quotients. *)
Lemma law_of_cosines (Z : InnerProductSpace) (u w : Z) ε :
  0 <= ε -> ‖w ⊖ u‖ <= ε * ‖u‖ ->
  2 * (‖u‖ * ‖w‖ - ⟨u, w⟩) <= ε ^ 2 * ‖u‖ ^ 2 - (‖w‖ - ‖u‖) ^ 2.
Proof.
  intros E H. assert (Q : ‖w ⊖ u‖ ^ 2 <= (ε * ‖u‖) ^ 2).
  { apply pow_incr. split; [apply norm_nonneg | exact H]. }
  rewrite norm_square, inner_minus_square, (inner_sym _ w u) in Q.
  pose proof (norm_square u). pose proof (norm_square w). nra.
Qed.

Lemma loss_le (Z : InnerProductSpace) (u w : Z) b :
  0 < ‖u‖ -> 0 < ‖w‖ -> ‖u‖ * ‖w‖ - ⟨u, w⟩ <= b * (‖u‖ * ‖w‖) -> 1 - ⟨u, w⟩ / (‖u‖ * ‖w‖) <= b.
Proof.
  intros U W H. assert (P : 0 < ‖u‖ * ‖w‖) by now apply Rmult_lt_0_compat.
  apply (Rmult_le_reg_r (‖u‖ * ‖w‖)); [exact P|].
  replace ((1 - ⟨u, w⟩ / (‖u‖ * ‖w‖)) * (‖u‖ * ‖w‖)) with (‖u‖ * ‖w‖ - ⟨u, w⟩) by (field; lra). exact H.
Qed.

(* ‖w‖ ≥ (1 − ε)‖u‖ by the triangle inequality: this is why v(z_{t+1}) ≠ 0. *)
Lemma speed_drops_little (Z : InnerProductSpace) (u w : Z) ε : ‖w ⊖ u‖ <= ε * ‖u‖ -> (1 - ε) * ‖u‖ <= ‖w‖.
Proof.
  intros H. pose proof (cauchy_schwarz u w) as C.
  assert (T : ‖u‖ - ‖w‖ <= ‖w ⊖ u‖).
  { destruct (Rle_dec (‖u‖ - ‖w‖) 0) as [N|N]; [pose proof (norm_nonneg (w ⊖ u)); lra|].
    apply Rsqr_incr_0_var; [|apply norm_nonneg]. unfold Rsqr. rewrite sqrt_sqrt by apply inner_nonneg.
    rewrite inner_minus_square, (inner_sym _ w u). pose proof (norm_square u). pose proof (norm_square w). nra. }
  lra.
Qed.

Lemma norm_pos {Z : InnerProductSpace} (x : Z) : ‖x‖ <> 0 -> 0 < ‖x‖.
Proof. pose proof (norm_nonneg x). lra. Qed.

(* The certificate of the chapter: what is left is a sum of non-negative terms. *)
Theorem proposition_1 : Proposition_1.
Proof.
  intros Z f z_0 ε t E lip U. pose proof (lip t) as H. change (z f z_0 (S t) ⊖ z f z_0 t) with (v f (z f z_0 t)) in H.
  unfold curvature_loss. set (w := v f (z f z_0 (S t))) in *. set (u := v f (z f z_0 t)) in *. clearbody u w.
  apply norm_pos in U. pose proof (speed_drops_little Z u w ε H) as D. pose proof (law_of_cosines Z u w ε (proj1 E) H) as L.
  assert (W : 0 < ‖w‖). { apply Rlt_le_trans with ((1 - ε) * ‖u‖); [apply Rmult_lt_0_compat; lra | exact D]. }
  split; [lra|]. apply loss_le; [exact U | exact W |].
  set (a := ‖u‖) in *. set (b := ‖w‖) in *. set (c := ⟨u, w⟩) in *. clearbody a b c.
  apply (Rmult_le_reg_l (2 * (1 - ε))); [lra|].
  replace (2 * (1 - ε) * (ε ^ 2 / (2 * (1 - ε)) * (a * b))) with (ε ^ 2 * (a * b)) by (field; lra).
  apply (Rmult_le_compat_l (1 - ε)) in L; [|lra].
  assert (S1 : 0 <= ε ^ 2 * a * (b - (1 - ε) * a)).
  { apply Rmult_le_pos; [apply Rmult_le_pos; [apply pow2_ge_0 | lra] | lra]. }
  assert (S2 : 0 <= (1 - ε) * (b - a) ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
  lra.
Qed.

Theorem proposition_1_increases : Proposition_1_increases.
Proof.
  intros ε ε' E E'. apply (Rmult_lt_reg_l (2 * (1 - ε) * (1 - ε'))); [apply Rmult_lt_0_compat; lra|].
  replace (2 * (1 - ε) * (1 - ε') * (ε ^ 2 / (2 * (1 - ε)))) with (ε ^ 2 * (1 - ε')) by (field; lra).
  replace (2 * (1 - ε) * (1 - ε') * (ε' ^ 2 / (2 * (1 - ε')))) with (ε' ^ 2 * (1 - ε)) by (field; lra).
  assert (0 < (ε' - ε) * (ε' + ε - ε * ε')) by (apply Rmult_lt_0_compat; nra). lra.
Qed.

(* With ρ² = 1 − ε² what is left is the square (b − ρa)². *)
Theorem sharp_curvature_bound : Sharp_curvature_bound.
Proof.
  intros Z f z_0 ε t E lip U W. pose proof (lip t) as H. change (z f z_0 (S t) ⊖ z f z_0 t) with (v f (z f z_0 t)) in H.
  unfold curvature_loss. set (w := v f (z f z_0 (S t))) in *. set (u := v f (z f z_0 t)) in *. clearbody u w.
  apply norm_pos in U. apply norm_pos in W. pose proof (law_of_cosines Z u w ε (proj1 E) H) as L.
  apply loss_le; [exact U | exact W |].
  set (ρ := sqrt (1 - ε ^ 2)). assert (R2 : ρ ^ 2 = 1 - ε ^ 2).
  { unfold ρ. apply pow2_sqrt. nra. }
  set (a := ‖u‖) in *. set (b := ‖w‖) in *. set (c := ⟨u, w⟩) in *. clearbody a b c ρ.
  pose proof (pow2_ge_0 (b - ρ * a)) as S1.
  assert (T : ε ^ 2 * a ^ 2 = (1 - ρ ^ 2) * a ^ 2) by (rewrite R2; ring). lra.
Qed.

Theorem spiral_attains : Spiral_attains.
Proof.
  intros ε z_0 E N ρ f.
  assert (R2 : ρ ^ 2 = 1 - ε ^ 2).
  { unfold ρ. apply pow2_sqrt. nra. }
  assert (R0 : 0 < ρ) by (apply sqrt_lt_R0; nra).
  assert (scale : forall c x, 0 <= c -> sqrt (c ^ 2 * x) = c * sqrt x).
  { intros c x C. rewrite sqrt_mult_alt by apply pow2_ge_0. now rewrite sqrt_pow2. }
  (* the velocity is ε times an isometry *)
  assert (speed : forall x, ‖v f x‖ = ε * ‖x‖).
  { intros x. rewrite <- scale by lra. f_equal. simpl.
    replace (ρ * (ρ * x 0%nat - ε * x 1%nat) + -1 * x 0%nat) with (- (ε * (ε * x 0%nat + ρ * x 1%nat))) by (ring_simplify; rewrite R2; ring).
    replace (ρ * (ε * x 0%nat + ρ * x 1%nat) + -1 * x 1%nat) with (ε * (ρ * x 0%nat - ε * x 1%nat)) by (ring_simplify; rewrite R2; ring).
    ring_simplify. rewrite R2. ring. }
  assert (shrink : forall x, ‖f x‖ = ρ * ‖x‖).
  { intros x. rewrite <- scale by (left; exact R0). f_equal. simpl. ring_simplify.
    replace (ρ ^ 4) with ((1 - ε ^ 2) * ρ ^ 2) by (rewrite <- R2; ring). ring_simplify. rewrite R2. ring. }
  split.
  - intros x y. right. rewrite <- speed. f_equal. simpl. ring.
  - assert (away : forall t, ‖z f z_0 t‖ <> 0).
    { induction t; [exact N|]. simpl z. rewrite shrink. apply Rmult_integral_contrapositive. split; [lra | exact IHt]. }
    intros t. assert (V : ‖v f (z f z_0 t)‖ <> 0).
    { rewrite speed. apply Rmult_integral_contrapositive. split; [lra | apply away]. }
    split; [exact V|]. unfold curvature_loss. f_equal. fold ρ.
    assert (turn : forall x, ⟨v f x, v f (f x)⟩ = ρ ^ 2 * ‖v f x‖ ^ 2).
    { intros x. rewrite norm_square. simpl. ring. }
    simpl z. rewrite turn.
    assert (next : ‖v f (f (z f z_0 t))‖ = ρ * ‖v f (z f z_0 t)‖) by (rewrite !speed, shrink; ring).
    rewrite next. field. split; [exact V | lra].
Qed.

Theorem sharp_is_smaller : Sharp_is_smaller.
Proof.
  intros ε E. set (ρ := sqrt (1 - ε ^ 2)). assert (R2 : ρ ^ 2 = 1 - ε ^ 2).
  { unfold ρ. apply pow2_sqrt. nra. }
  assert (0 < ρ) by (apply sqrt_lt_R0; nra). clearbody ρ.
  assert (ρ > 1 - ε) by nra.
  apply (Rmult_lt_reg_l (2 * (1 - ε))); [lra|].
  replace (2 * (1 - ε) * (ε ^ 2 / (2 * (1 - ε)))) with (ε ^ 2) by (field; lra).
  assert (0 < ε ^ 2) by (apply pow_lt; lra). assert (ρ < 1) by nra.
  assert (0 < (1 - ρ) * (1 + ρ - 2 * (1 - ε))) by (apply Rmult_lt_0_compat; lra). nra.
Qed.
