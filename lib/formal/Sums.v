(** # Finite sums and series

The tools that every other file uses. `∑ (t < n) a t` is $\sum_{t<n}a_t$: it starts at 0 and leaves $n$ out, as in the book. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

Fixpoint Sum (n : nat) (a : nat -> R) : R :=
  match n with
  | O => 0
  | S m => Sum m a + a m
  end.

Notation "'∑' ( t < n ) e" := (Sum n (fun t => e))
  (at level 41, right associativity, t name, n at level 69, e at level 41).

(** ## Rearranging finite sums *)

(* Equal terms have equal sums. *)
Lemma Sum_ext n a b : (forall t, (t < n)%nat -> a t = b t) -> Sum n a = Sum n b.
Proof. induction n; simpl; intros H; [reflexivity|]. rewrite IHn, (H n); auto. Qed.

(* Larger terms have a larger sum. *)
Lemma Sum_le n a b : (forall t, (t < n)%nat -> a t <= b t) -> Sum n a <= Sum n b.
Proof. induction n; simpl; intros H; [lra|]. apply Rplus_le_compat; auto. Qed.

Lemma Sum_zero n : Sum n (fun _ => 0) = 0.
Proof. induction n; simpl; lra. Qed.

Lemma Sum_nonneg n a : (forall t, (t < n)%nat -> 0 <= a t) -> 0 <= Sum n a.
Proof. intros H. rewrite <- (Sum_zero n). now apply Sum_le. Qed.

Lemma Sum_plus n a b : Sum n (fun t => a t + b t) = Sum n a + Sum n b.
Proof. induction n; simpl; lra. Qed.

Lemma Sum_minus n a b : Sum n (fun t => a t - b t) = Sum n a - Sum n b.
Proof. induction n; simpl; lra. Qed.

Lemma Sum_scal n c a : Sum n (fun t => c * a t) = c * Sum n a.
Proof. induction n; simpl; [|rewrite IHn]; ring. Qed.

Lemma Sum_scal_r n c a : Sum n (fun t => a t * c) = Sum n a * c.
Proof. induction n; simpl; [|rewrite IHn]; ring. Qed.

(* The triangle inequality. *)
Lemma Sum_abs n a : Rabs (Sum n a) <= Sum n (fun t => Rabs (a t)).
Proof.
  induction n; simpl; [rewrite Rabs_R0; lra|].
  eapply Rle_trans; [apply Rabs_triang|]. lra.
Qed.

(* Take the first term out instead of the last: how every induction over a path goes. *)
Lemma Sum_first n a : Sum (S n) a = a O + Sum n (fun t => a (S t)).
Proof. induction n; [simpl; ring|]. change (Sum (S (S n)) a) with (Sum (S n) a + a (S n)). rewrite IHn. simpl. ring. Qed.

Lemma Sum_more n m a : (n <= m)%nat -> (forall t, 0 <= a t) -> Sum n a <= Sum m a.
Proof. intros H P. induction H; [lra|]. simpl. specialize (P m). lra. Qed.

Lemma Sum_const n c : Sum n (fun _ => c) = INR n * c.
Proof. induction n; [simpl; ring|]. rewrite S_INR. simpl. rewrite IHn. ring. Qed.

Lemma Sum_swap n m (a : nat -> nat -> R) :
  Sum n (fun t => Sum m (fun u => a t u)) = Sum m (fun u => Sum n (fun t => a t u)).
Proof. induction n; simpl; [now rewrite Sum_zero|]. rewrite IHn, <- Sum_plus. reflexivity. Qed.

(* Order a triangle of terms by $u=t+k$ instead of by $t$: the exchange of sums in the proof of Theorem 2. *)
Lemma Sum_triangle H (F : nat -> nat -> R) :
  Sum H (fun t => Sum (H - t) (fun k => F t k)) = Sum H (fun u => Sum (S u) (fun t => F t (u - t)%nat)).
Proof.
  induction H as [|H IH]; [reflexivity|].
  change (Sum (S H) (fun t => Sum (S H - t) (fun k => F t k)))
    with (Sum H (fun t => Sum (S H - t) (fun k => F t k)) + Sum (S H - H) (fun k => F H k)).
  change (Sum (S H) (fun u => Sum (S u) (fun t => F t (u - t)%nat)))
    with (Sum H (fun u => Sum (S u) (fun t => F t (u - t)%nat)) + Sum (S H) (fun t => F t (H - t)%nat)).
  rewrite <- IH.
  replace (S H - H)%nat with 1%nat by lia.
  rewrite (Sum_ext H (fun t => Sum (S H - t) (fun k => F t k))
             (fun t => Sum (H - t) (fun k => F t k) + F t (H - t)%nat)).
  - rewrite Sum_plus. simpl. rewrite Nat.sub_diag. ring.
  - intros t Ht. replace (S H - t)%nat with (S (H - t)) by lia. reflexivity.
Qed.

(* Jensen's inequality for the square, with weights $a_t\ge0$ that need not add up to 1. *)
Lemma Sum_square n a x : (forall t, 0 <= a t) ->
  Sum n (fun t => a t * x t) ^ 2 <= Sum n a * Sum n (fun t => a t * x t ^ 2).
Proof.
  intros P. induction n; [simpl; lra|]. cbn [Sum].
  assert (A : 0 <= Sum n a) by now apply Sum_nonneg.
  assert (Q : 0 <= Sum n (fun t => a t * x t ^ 2)).
  { apply Sum_nonneg. intros t _. apply Rmult_le_pos; [apply P | apply pow2_ge_0]. }
  set (s := Sum n (fun t => a t * x t)) in *. set (q := Sum n (fun t => a t * x t ^ 2)) in *.
  set (w := Sum n a) in *. clearbody s q w. specialize (P n). set (y := x n). set (b := a n) in *. clearbody y b.
  assert (K : 2 * s * y <= w * y ^ 2 + q).
  { destruct (Req_dec w 0) as [->|N].
    - assert (s = 0) by nra. subst. nra.
    - assert (0 < w) by lra. apply (Rmult_le_reg_l w); [assumption|].
      pose proof (pow2_ge_0 (w * y - s)). nra. }
  replace ((s + b * y) ^ 2) with (s ^ 2 + b * (2 * s * y) + b ^ 2 * y ^ 2) by ring.
  apply (Rmult_le_compat_l b) in K; [|assumption]. nra.
Qed.

(** ## The geometric series *)

Lemma Sum_geometric n γ : (1 - γ) * (∑ (t < n) γ ^ t) = 1 - γ ^ n.
Proof. induction n; simpl; [ring|]. rewrite Rmult_plus_distr_l, IHn. ring. Qed.

Lemma Sum_geometric_le n γ : 0 <= γ < 1 -> (∑ (t < n) γ ^ t) <= / (1 - γ).
Proof.
  intros G. apply (Rmult_le_reg_l (1 - γ)); [lra|]. rewrite Sum_geometric, Rinv_r by lra.
  pose proof (pow_le γ n (proj1 G)). lra.
Qed.

Lemma geometric_converges γ : 0 <= γ < 1 -> ex_series (fun t => γ ^ t) /\ Series (fun t => γ ^ t) = / (1 - γ).
Proof.
  intros G. assert (A : Rabs γ < 1) by (rewrite Rabs_pos_eq; lra).
  split; [now apply ex_series_geom | now apply Series_geom].
Qed.

(** ## Series with non-negative terms *)

Lemma Sum_is_sum_n a n : sum_n a n = Sum (S n) a.
Proof.
  induction n; [rewrite sum_O; simpl; now rewrite Rplus_0_l|].
  rewrite sum_Sn, IHn. reflexivity.
Qed.

(* Bounded partial sums of non-negative terms converge, and the bound carries over to the limit. *)
Lemma series_of_bounded a M : (forall t, 0 <= a t) -> (forall n, Sum n a <= M) ->
  ex_series a /\ Series a <= M.
Proof.
  intros P B.
  assert (E : ex_finite_lim_seq (sum_n a)).
  { apply (ex_finite_lim_seq_incr _ M); intros n; rewrite ?Sum_is_sum_n; [simpl; specialize (P (S n)); lra | apply B]. }
  split.
  - destruct E as [l E]. exists l. exact E.
  - destruct E as [l E]. rewrite (is_series_unique a l E).
    apply (is_lim_seq_le (sum_n a) (fun _ => M) l M); [|exact E|apply is_lim_seq_const].
    intros n. rewrite Sum_is_sum_n. apply B.
Qed.

(* Partial sums of non-negative terms stay below the series. *)
Lemma Sum_le_Series a n : (forall t, 0 <= a t) -> ex_series a -> Sum n a <= Series a.
Proof.
  intros P [l E]. rewrite (is_series_unique a l E).
  destruct n; [simpl; apply (is_lim_seq_le (fun _ => 0) (sum_n a) 0 l); [|apply is_lim_seq_const|exact E]|].
  - intros k. rewrite Sum_is_sum_n. apply Sum_nonneg. auto.
  - rewrite <- Sum_is_sum_n. apply (is_lim_seq_incr_compare (sum_n a) l E).
    intros k. rewrite !Sum_is_sum_n. simpl. specialize (P (S k)). lra.
Qed.

(* Two series whose terms differ by at most $b_t$ differ by at most $\sum_t b_t$. *)
Lemma Series_gap (a a' b : nat -> R) : ex_series b -> ex_series a -> ex_series a' ->
  (forall t, Rabs (a t - a' t) <= b t) -> Rabs (Series a - Series a') <= Series b.
Proof.
  intros B E E' H. rewrite <- Series_minus by assumption.
  eapply Rle_trans.
  - apply Series_Rabs. apply (@ex_series_le R_AbsRing R_CompleteNormedModule _ b); [|exact B].
    intros t. unfold norm; simpl. unfold abs; simpl. rewrite Rabs_Rabsolu. apply H.
  - apply Series_le; [|exact B]. intros t. split; [apply Rabs_pos | apply H].
Qed.

(** ## Accumulated errors

An error made $k$ steps ago arrives multiplied by $\ell_k$; so at step $t$ there are $\sum_{k<t}\ell_k$ of them. *)

Lemma discounted_accumulation_step γ ℓ H :
  (∑ (t < S H) γ ^ t * (∑ (k < t) ℓ k)) = γ * (∑ (t < H) γ ^ t * (∑ (k < t) ℓ k)) + γ * (∑ (k < H) γ ^ k * ℓ k).
Proof.
  rewrite Sum_first, <- !Sum_scal, <- Sum_plus. simpl. ring_simplify.
  apply Sum_ext. intros t _. simpl. ring.
Qed.

(* $(1-\gamma)\sum_t\gamma^t\sum_{k<t}\ell_k\le\gamma\sum_k\gamma^k\ell_k$, with no division by $\Lambda-1$. *)
Lemma discounted_accumulation γ ℓ L : 0 <= γ < 1 -> (forall k, 0 <= ℓ k) ->
  (forall H, (∑ (k < H) γ ^ k * ℓ k) <= L) ->
  ex_series (fun t => γ ^ t * (∑ (k < t) ℓ k)) /\ Series (fun t => γ ^ t * (∑ (k < t) ℓ k)) <= γ * L / (1 - γ).
Proof.
  intros G P B.
  assert (Q : forall t, 0 <= γ ^ t * (∑ (k < t) ℓ k)).
  { intros t. apply Rmult_le_pos; [apply pow_le; lra | now apply Sum_nonneg]. }
  apply series_of_bounded; [exact Q|]. intros H.
  pose proof (discounted_accumulation_step γ ℓ H) as E.
  pose proof (Sum_more H (S H) _ (Nat.le_succ_diag_r H) Q) as M.
  apply (Rmult_le_reg_l (1 - γ)); [lra|].
  replace ((1 - γ) * (γ * L / (1 - γ))) with (γ * L) by (field; lra).
  specialize (B H). apply (Rmult_le_compat_l γ) in B; [|lra]. lra.
Qed.

(* With $\ell_k=\Lambda^k$ the limit is exact. *)
Lemma geometric_accumulation γ Λ : 0 <= γ < 1 -> 0 <= Λ -> γ * Λ < 1 ->
  ex_series (fun t => γ ^ t * (∑ (k < t) Λ ^ k)) /\
  Series (fun t => γ ^ t * (∑ (k < t) Λ ^ k)) = γ / ((1 - γ) * (1 - γ * Λ)).
Proof.
  intros G P C.
  assert (GΛ : 0 <= γ * Λ < 1) by (split; [apply Rmult_le_pos; lra | lra]).
  assert (T : forall H, (∑ (k < H) γ ^ k * Λ ^ k) <= / (1 - γ * Λ)).
  { intros H. rewrite (Sum_ext H _ (fun k => (γ * Λ) ^ k)); [now apply Sum_geometric_le|].
    intros t _. now rewrite Rpow_mult_distr. }
  destruct (discounted_accumulation γ (fun k => Λ ^ k) _ G (fun k => pow_le Λ k P) T) as [E _].
  split; [exact E|].
  set (D := Series (fun t => γ ^ t * (∑ (k < t) Λ ^ k))).
  assert (X : D = γ * / (1 - γ) + γ * Λ * D).
  { unfold D at 1. rewrite (Series_incr_1 _ E).
    rewrite (Series_ext _ (fun t => γ * γ ^ t + γ * Λ * (γ ^ t * (∑ (k < t) Λ ^ k)))).
    - destruct (geometric_converges γ G) as [E1 S1].
      rewrite Series_plus, (Series_scal_l γ (fun t => γ ^ t)), S1,
          (Series_scal_l (γ * Λ) (fun t => γ ^ t * (∑ (k < t) Λ ^ k))).
      + unfold D. cbn [Sum]. ring.
      + now apply (ex_series_scal γ (fun t => γ ^ t)).
      + now apply (ex_series_scal (γ * Λ) (fun t => γ ^ t * (∑ (k < t) Λ ^ k))).
    - intros t. rewrite Sum_first. simpl. rewrite (Sum_scal t Λ (fun k => Λ ^ k)). ring. }
  apply (Rmult_eq_reg_l (1 - γ * Λ)); [|lra].
  replace ((1 - γ * Λ) * (γ / ((1 - γ) * (1 - γ * Λ)))) with (γ * / (1 - γ)) by (field; lra). lra.
Qed.
