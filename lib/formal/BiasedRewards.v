(** # Proposition 2: REINFORCE under biased rewards

$\tilde r=r+b(s,a)$ with a bias that does not depend on $\theta$. $B_H$ is the return of the reward $b$: the same $J_H$, with $b$ in the place of $r$. *)
From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Expectation Rollouts NoisyRewards.
Open Scope R_scope.

(** @proposition-2 REINFORCE under biased rewards, repaired
With the factor $\gamma^t$, $K\ge1$ rollouts and the first $d$ parameters: $J_H$ and $B_H$ have gradients, and

$$\mathbb E\,\tilde g=\nabla J_H+\nabla B_H,\qquad\mathbb E\lVert\tilde g-\nabla J_H\rVert^2=\frac{\mathrm{Var}\,\tilde g^{(1)}}K+\lVert\nabla B_H\rVert^2.$$ *)
Definition Proposition_2 : Prop :=
  forall (State Action : Type) (M : Process State Action) (π : Policy M) (r b : State * Action -> R) (γ : R)
    (H K d : nat) (s_0 : State) (θ : nat -> R) (rest : nat -> Trajectory State Action),
  (0 < K)%nat ->
  let rollout := E_rollouts π θ H s_0 in
  let tilted := fun i τ => g π θ γ (fun t => γ ^ t) H i τ (fun t => r (τ t) + b (τ t)) in
  let P := Copies rollout rest K in
  exists grad_J grad_B : nat -> R,
    (forall i, partial i (J_H π γ r H s_0) θ (grad_J i)) /\
    (forall i, partial i (J_H π γ b H s_0) θ (grad_B i)) /\
    (forall i, P (average K (tilted i)) = grad_J i + grad_B i) /\
    P (fun τs => ∑ (i < d) (average K (tilted i) τs - grad_J i) ^ 2)
      = Total_variance rollout d tilted / INR K + (∑ (i < d) grad_B i ^ 2).

(** @proposition-2 Averaging does not remove it
If a partial derivative of $B_H$ is not 0, the mean square error is at least its square, however many rollouts are averaged. *)
Definition Bias_persists : Prop :=
  forall (State Action : Type) (M : Process State Action) (π : Policy M) (r b : State * Action -> R) (γ : R)
    (H d : nat) (s_0 : State) (θ : nat -> R) (rest : nat -> Trajectory State Action) (grad_J : nat -> R) (j : nat) (slope : R),
  (forall i, partial i (J_H π γ r H s_0) θ (grad_J i)) ->
  (j < d)%nat -> partial j (J_H π γ b H s_0) θ slope ->
  forall K, (0 < K)%nat ->
  slope ^ 2 <= Copies (E_rollouts π θ H s_0) rest K (fun τs => ∑ (i < d)
    (average K (fun τ => g π θ γ (fun t => γ ^ t) H i τ (fun t => r (τ t) + b (τ t))) τs - grad_J i) ^ 2).

(** @biased-harmless A bias that is not zero and does no harm
A constant bias has $\nabla B_H=0$: so $b\ne0$ alone does not make an error that persists. *)
Definition Constant_bias_is_harmless : Prop :=
  forall (State Action : Type) (M : Process State Action) (π : Policy M) (γ c : R) (H i : nat) (s_0 : State) (θ : nat -> R),
  partial i (J_H π γ (fun _ => c) H s_0) θ 0.

(** @proposition-2 The bias must not depend on θ
One state, one action, $H=1$, $b_\theta=\theta_0$: the estimator has mean 0, and $\partial B_H/\partial\theta_0=1$. *)
Definition Moving_bias_breaks_Proposition_2 : Prop :=
  exists (M : Process unit unit) (π : Policy M) (b : (nat -> R) -> unit * unit -> R) (γ : R) (θ : nat -> R),
  0 <= γ < 1 /\
  E_rollouts π θ 1 tt (fun τ => g π θ γ (fun t => γ ^ t) 1 0 τ (fun t => b θ (τ t))) = 0 /\
  partial 0 (fun θ => J_H π γ (b θ) 1 tt θ) θ 1.

(** ## Proofs *)

Lemma g_plus {State Action} {M : Process State Action} (π : Policy M) θ γ ω H i τ ρ η :
  g π θ γ ω H i τ (fun t => ρ t + η t) = g π θ γ ω H i τ ρ + g π θ γ ω H i τ η.
Proof.
  unfold g. rewrite <- Sum_plus. apply Sum_ext. intros t _. rewrite <- Rmult_plus_distr_l. f_equal.
  rewrite <- Sum_plus. apply Sum_ext. intros. ring.
Qed.

Lemma mean_square_copies {Ω} (P : Expectation Ω) rest K d (X : nat -> Ω -> R) (m g : nat -> R) : (0 < K)%nat ->
  (forall i, P (X i) = m i) ->
  Copies P rest K (fun ωs => ∑ (i < d) (average K (X i) ωs - g i) ^ 2)
    = Total_variance P d X / INR K + (∑ (i < d) (m i - g i) ^ 2).
Proof.
  intros HK means. rewrite (E_sum _ d (fun i ωs => (average K (X i) ωs - g i) ^ 2)).
  unfold Total_variance, Rdiv. rewrite <- Sum_scal_r, <- Sum_plus. apply Sum_ext. intros i _.
  rewrite (E_square_split _ _ (m i)) by (rewrite average_mean; auto). f_equal.
  pose proof (average_variance P rest K (X i) HK) as V. unfold Var in V at 1.
  rewrite average_mean, means in V by exact HK. exact V.
Qed.

Theorem proposition_2 : Proposition_2.
Proof.
  intros State Action M π r b γ H K d s_0 θ rest HK rollout tilted P.
  set (late := fun t : nat => γ ^ t).
  exists (fun i => rollout (fun τ => g π θ γ late H i τ (fun t => r (τ t)))),
         (fun i => rollout (fun τ => g π θ γ late H i τ (fun t => b (τ t)))).
  assert (means : forall i, rollout (tilted i) = rollout (fun τ => g π θ γ late H i τ (fun t => r (τ t)))
                                              + rollout (fun τ => g π θ γ late H i τ (fun t => b (τ t)))).
  { intros i. rewrite <- E_plus. apply E_ext. intros τ. apply g_plus. }
  split; [|split; [|split]].
  - intros i. apply policy_gradient.
  - intros i. apply policy_gradient.
  - intros i. unfold P. rewrite average_mean by exact HK. apply means.
  - unfold P. rewrite (mean_square_copies rollout rest K d tilted _ _ HK means). f_equal. apply Sum_ext. intros i _. ring.
Qed.

Theorem bias_persists : Bias_persists.
Proof.
  intros State Action M π r b γ H d s_0 θ rest grad_J j slope DJ Hj DB K HK.
  destruct (proposition_2 State Action M π r b γ H K d s_0 θ rest HK) as (gJ & gB & PJ & PB & _ & mse).
  assert (same : forall i, gJ i = grad_J i).
  { intros i. specialize (PJ i). specialize (DJ i). apply is_derive_unique in PJ. apply is_derive_unique in DJ. congruence. }
  assert (slope' : gB j = slope).
  { specialize (PB j). apply is_derive_unique in PB. apply is_derive_unique in DB. congruence. }
  rewrite (E_ext _ _ (fun τs => ∑ (i < d) (average K (fun τ => g π θ γ (fun t => γ ^ t) H i τ (fun t => r (τ t) + b (τ t))) τs - gJ i) ^ 2))
    by (intros; apply Sum_ext; intros; now rewrite same).
  cbv zeta in mse. rewrite mse. rewrite <- slope'.
  assert (V : 0 <= Total_variance (E_rollouts π θ H s_0) d
     (fun i τ => g π θ γ (fun t => γ ^ t) H i τ (fun t => r (τ t) + b (τ t))) / INR K).
  { apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat, lt_0_INR, HK]. apply Sum_nonneg. intros. apply E_nonneg. intros. apply pow2_ge_0. }
  assert (S : gB j ^ 2 <= ∑ (i < d) gB i ^ 2).
  { clear - Hj. induction d; [lia|]. cbn [Sum]. assert (0 <= ∑ (i < d) gB i ^ 2) by (apply Sum_nonneg; intros; apply pow2_ge_0).
    pose proof (pow2_ge_0 (gB d)). destruct (Nat.eq_dec j d) as [-> | N]; [lra|]. assert (j < d)%nat by lia. specialize (IHd H1). lra. }
  lra.
Qed.

Theorem constant_bias_is_harmless : Constant_bias_is_harmless.
Proof.
  intros State Action M π γ c H i s_0 θ. unfold partial, J_H.
  apply (is_derive_ext (fun _ => discounted γ H (fun _ => c))); [|apply @is_derive_const].
  intros x. symmetry. apply (E_const (E_rollouts π (set_entry θ i x) H s_0)).
Qed.

(* The process with nothing to decide. *)
Definition nothing : Process unit unit.
Proof.
  refine {| actions := tt :: nil; idle := tt; next := fun _ _ => (1, tt) :: nil |}; simpl; intros.
  - destruct H as [H|[]]. inversion H. lra.
  - ring.
Defined.

Definition no_choice : Policy nothing.
Proof.
  refine (Build_Policy _ _ nothing (fun _ _ _ => 1) _ _ _ _); intros; simpl; try lra.
  apply ex_derive_const.
Defined.

Theorem moving_bias_breaks_proposition_2 : Moving_bias_breaks_Proposition_2.
Proof.
  exists nothing, no_choice, (fun θ _ => θ O), 0, (fun _ => 0). split; [lra|]. split.
  - assert (W : forall i x, w no_choice (fun _ => 0) i x = 0).
    { intros. unfold w. simpl. apply Derive_const. }
    simpl. unfold g. simpl. rewrite W. ring.
  - unfold partial, J_H. apply (is_derive_ext (fun x => x)); [|apply @is_derive_id].
    assert (F : forall x : R, x = 1 * (1 * (0 + 1 * x) + 0) + 0) by (intros; ring). intros x. exact (F x).
Qed.
