(** # The worst pair: Lemma 1 cannot be improved

On the real line, started at 0: $f(s,a)=L_f(s+a)$, $r(s,a)=L_r(s+a)$, $\pi(s)=L_\pi s$; the model adds $\epsilon_{dyn}$ to the next state and $\epsilon_{rew}$ to the reward. Both models have the same constants. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Spaces ClosedLoop SimulationLemma.
Open Scope R_scope.

Definition line_M (L_f L_r : R) : MDP R R :=
  {| f := fun s a => L_f * (s + a); r := fun s a => L_r * (s + a) |}.

Definition line_Mhat (L_f L_r ε_dyn ε_rew : R) : MDP R R :=
  {| f := fun s a => L_f * (s + a) + ε_dyn; r := fun s a => L_r * (s + a) + ε_rew |}.

Definition line_π (L_π : R) : R -> R := fun s => L_π * s.

(** @simulation-lemma-attained The pair has the constants and the errors that it should have *)
Definition Worst_pair_is_allowed : Prop :=
  forall L_f L_r L_π ε_dyn ε_rew : R,
  0 <= L_f -> 0 <= L_r -> 0 <= L_π -> 0 <= ε_dyn -> 0 <= ε_rew ->
  let M := line_M L_f L_r in
  let Mhat := line_Mhat L_f L_r ε_dyn ε_rew in
  Dynamics_Lipschitz Line Line L_f M /\ Reward_Lipschitz Line Line L_r M /\
  Dynamics_Lipschitz Line Line L_f Mhat /\ Reward_Lipschitz Line Line L_r Mhat /\
  Policy_Lipschitz Line Line L_π (line_π L_π) /\
  forall s a, Line (f Mhat s a) (f M s a) = ε_dyn /\ Rabs (r Mhat s a - r M s a) = ε_rew.

(** @simulation-lemma-attained Lemma 1 is attained
On that pair both returns are finite and the gap *equals* the right-hand side of Lemma 1:

$$\hat J-J=\frac{\epsilon_{rew}}{1-\gamma}+\frac{\gamma L_r(1+L_\pi)}{(1-\gamma)(1-\gamma L_f(1+L_\pi))}\,\epsilon_{dyn}.$$ *)
Definition Lemma_1_attained : Prop :=
  forall γ L_f L_r L_π ε_dyn ε_rew : R,
  0 <= γ < 1 -> 0 <= L_f -> 0 <= L_r -> 0 <= L_π -> 0 <= ε_dyn -> 0 <= ε_rew ->
  γ * L_f * (1 + L_π) < 1 ->
  J γ (line_π L_π) (line_Mhat L_f L_r ε_dyn ε_rew) 0 - J γ (line_π L_π) (line_M L_f L_r) 0
    = ε_rew / (1 - γ) + γ * L_r * (1 + L_π) / ((1 - γ) * (1 - γ * L_f * (1 + L_π))) * ε_dyn.

(** @beyond-finite-horizon The finite-horizon bound is attained, in every regime
$\hat J_H-J_H=\epsilon_{rew}\sum_{t<H}\gamma^t+\kappa\,\epsilon_{dyn}\sum_{t<H}\gamma^t\sum_{i<t}\Lambda^i$ for every $H$ and every $\Lambda$. *)
Definition Finite_horizon_attained : Prop :=
  forall (γ L_f L_r L_π ε_dyn ε_rew : R) (H : nat),
  let Λ := L_f * (1 + L_π) in
  let κ := L_r * (1 + L_π) in
  J_upto γ (line_π L_π) (line_Mhat L_f L_r ε_dyn ε_rew) 0 H - J_upto γ (line_π L_π) (line_M L_f L_r) 0 H
    = ε_rew * (∑ (t < H) γ ^ t) + κ * ε_dyn * (∑ (t < H) γ ^ t * (∑ (i < t) Λ ^ i)).

(** @lemma-1 The contraction is necessary
If $\gamma\Lambda\ge1$ and $L_r>0$, then however small $\epsilon_{dyn}>0$ is, the gap of the pair exceeds every number $C$ at some horizon, with a perfect reward model: no bound in terms of these constants exists. *)
Definition Contraction_is_necessary : Prop :=
  forall γ L_f L_r L_π ε_dyn : R,
  0 <= γ < 1 -> 0 <= L_f -> 0 < L_r -> 0 <= L_π -> 0 < ε_dyn ->
  1 <= γ * L_f * (1 + L_π) ->
  forall C : R, exists H : nat,
  C < J_upto γ (line_π L_π) (line_Mhat L_f L_r ε_dyn 0) 0 H - J_upto γ (line_π L_π) (line_M L_f L_r) 0 H.

(** ## Proofs *)

(* The true path stays at 0. *)
Lemma line_path L_f L_r L_π t : path (line_π L_π) (line_M L_f L_r) 0 t = 0.
Proof. induction t; [reflexivity|]. simpl. rewrite IHt. unfold line_π. ring. Qed.

(* The imagined path is the accumulated error, with equality where Lemma 1 has inequalities. *)
Lemma line_path_hat L_f L_r L_π ε_dyn ε_rew t :
  path (line_π L_π) (line_Mhat L_f L_r ε_dyn ε_rew) 0 t = ε_dyn * (∑ (i < t) (L_f * (1 + L_π)) ^ i).
Proof.
  induction t; [simpl; ring|]. rewrite Sum_first. simpl. rewrite IHt, (Sum_scal t (L_f * (1 + L_π)) (fun i => (L_f * (1 + L_π)) ^ i)). unfold line_π. ring.
Qed.

Lemma line_reward γ L_f L_r L_π t : reward_at γ (line_π L_π) (line_M L_f L_r) 0 t = 0.
Proof. unfold reward_at. rewrite line_path. unfold line_π. simpl. ring. Qed.

Lemma line_reward_hat γ L_f L_r L_π ε_dyn ε_rew t :
  reward_at γ (line_π L_π) (line_Mhat L_f L_r ε_dyn ε_rew) 0 t
    = ε_rew * γ ^ t + L_r * (1 + L_π) * ε_dyn * (γ ^ t * (∑ (i < t) (L_f * (1 + L_π)) ^ i)).
Proof. unfold reward_at. rewrite line_path_hat. unfold line_π. simpl. ring. Qed.

Lemma line_lipschitz c e s a s' a' : 0 <= c -> Rabs (c * (s + a) + e - (c * (s' + a') + e)) <= c * (Rabs (s - s') + Rabs (a - a')).
Proof.
  intros P. replace (c * (s + a) + e - (c * (s' + a') + e)) with (c * ((s - s') + (a - a'))) by ring.
  rewrite Rabs_mult, (Rabs_pos_eq c) by exact P. apply Rmult_le_compat_l; [exact P | apply Rabs_triang].
Qed.

Theorem worst_pair_is_allowed : Worst_pair_is_allowed.
Proof.
  intros L_f L_r L_π ε_dyn ε_rew F R P D E M Mhat.
  assert (plain : forall c s a s' a', 0 <= c -> Rabs (c * (s + a) - c * (s' + a')) <= c * (Rabs (s - s') + Rabs (a - a'))).
  { intros. pose proof (line_lipschitz c 0 s a s' a' H). now rewrite !Rplus_0_r in H0. }
  repeat split; try (intros s a s' a'; now apply plain); try (intros s a s' a'; now apply line_lipschitz).
  - intros s s'. unfold line_π. simpl. rewrite <- Rmult_minus_distr_l, Rabs_mult, (Rabs_pos_eq L_π) by exact P. lra.
  - simpl. replace (L_f * (s + a) + ε_dyn - L_f * (s + a)) with ε_dyn by ring. now apply Rabs_pos_eq.
  - simpl. replace (L_r * (s + a) + ε_rew - L_r * (s + a)) with ε_rew by ring. now apply Rabs_pos_eq.
Qed.

Theorem finite_horizon_attained : Finite_horizon_attained.
Proof.
  intros γ L_f L_r L_π ε_dyn ε_rew H Λ κ.
  assert (A : J_upto γ (line_π L_π) (line_M L_f L_r) 0 H = 0).
  { etransitivity; [|apply (Sum_zero H)]. apply Sum_ext. intros t _. apply line_reward. }
  assert (B : J_upto γ (line_π L_π) (line_Mhat L_f L_r ε_dyn ε_rew) 0 H
    = ε_rew * (∑ (t < H) γ ^ t) + κ * ε_dyn * (∑ (t < H) γ ^ t * (∑ (i < t) Λ ^ i))).
  { rewrite <- !Sum_scal, <- Sum_plus. apply Sum_ext. intros t _. apply line_reward_hat. }
  rewrite A, B. ring.
Qed.

Theorem lemma_1_attained : Lemma_1_attained.
Proof.
  intros γ L_f L_r L_π ε_dyn ε_rew G F R P D E C. unfold J.
  rewrite (Series_ext _ _ (line_reward γ L_f L_r L_π)).
  rewrite (Series_ext _ _ (line_reward_hat γ L_f L_r L_π ε_dyn ε_rew)).
  assert (Λ_nonneg : 0 <= L_f * (1 + L_π)) by (apply Rmult_le_pos; lra).
  assert (contraction : γ * (L_f * (1 + L_π)) < 1) by lra.
  destruct (geometric_accumulation γ _ G Λ_nonneg contraction) as [X S].
  destruct (geometric_converges γ G) as [X1 S1].
  rewrite Series_plus.
  - rewrite (Series_scal_l ε_rew (fun t => γ ^ t)), S1,
      (Series_scal_l (L_r * (1 + L_π) * ε_dyn) (fun t => γ ^ t * (∑ (i < t) (L_f * (1 + L_π)) ^ i))), S.
    assert (Z : Series (fun _ : nat => 0) = 0).
    { rewrite (Series_ext _ (fun _ => 0 * 0)) by (intros; ring). rewrite (Series_scal_l 0 (fun _ => 0)). ring. }
    rewrite Z. field. lra.
  - now apply (ex_series_scal ε_rew (fun t => γ ^ t)).
  - now apply (ex_series_scal (L_r * (1 + L_π) * ε_dyn) (fun t => γ ^ t * (∑ (i < t) (L_f * (1 + L_π)) ^ i))).
Qed.

(* Each further step adds at least γκε: the gap is at least (H − 1)γκε. *)
Theorem contraction_is_necessary : Contraction_is_necessary.
Proof.
  intros γ L_f L_r L_π ε G F R P E N C.
  assert (g0 : 0 < γ). { destruct (Req_dec γ 0) as [->|]; [rewrite !Rmult_0_l in N|]; lra. }
  set (Λ := L_f * (1 + L_π)) in *. assert (NΛ : 1 <= γ * Λ) by (unfold Λ; lra).
  assert (Λ0 : 0 < Λ). { destruct (Rle_dec Λ 0) as [Z|]; [|lra]. nra. }
  set (w := L_r * (1 + L_π) * ε * γ).
  assert (W : 0 < w) by (unfold w; repeat apply Rmult_lt_0_compat; lra).
  assert (step : forall t, γ <= γ ^ S t * (∑ (i < S t) Λ ^ i)).
  { intros t. apply Rle_trans with (γ * (γ * Λ) ^ t).
    - pose proof (pow_R1_Rle (γ * Λ) t NΛ). nra.
    - rewrite Rpow_mult_distr. simpl pow at 3. rewrite !Rmult_assoc. apply Rmult_le_compat_l; [lra|].
      apply Rmult_le_compat_l; [apply pow_le; lra|]. cbn [Sum].
      assert (0 <= ∑ (i < t) Λ ^ i) by (apply Sum_nonneg; intros; apply pow_le; lra). lra. }
  assert (archimed : exists n, C < INR n * w).
  { destruct (nfloor_ex (Rmax 0 (C / w)) (Rmax_l _ _)) as [n [_ up]]. exists (S n). rewrite S_INR.
    assert (C / w < INR n + 1) by (eapply Rle_lt_trans; [apply Rmax_r | exact up]).
    apply (Rmult_lt_compat_r w) in H; [|exact W]. unfold Rdiv in H. rewrite Rmult_assoc, Rinv_l, Rmult_1_r in H; lra. }
  destruct archimed as [n Hn].
  exists (S n). rewrite (finite_horizon_attained γ L_f L_r L_π ε 0 (S n)). fold Λ.
  assert (B : INR n * γ <= ∑ (t < S n) γ ^ t * (∑ (i < t) Λ ^ i)).
  { rewrite Sum_first. simpl (γ ^ 0 * _). rewrite <- Sum_const.
    pose proof (Sum_le n (fun _ => γ) (fun t => γ ^ S t * (∑ (i < S t) Λ ^ i)) (fun t _ => step t)). lra. }
  apply (Rmult_le_compat_l (L_r * (1 + L_π) * ε)) in B; [|repeat apply Rmult_le_pos; lra].
  unfold w in Hn. lra.
Qed.
