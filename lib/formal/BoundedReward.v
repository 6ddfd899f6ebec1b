(** # Bounded rewards: a bound for every growth *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Spaces ClosedLoop SimulationLemma.
Open Scope R_scope.

(** @beyond-bounded-reward Bounded rewards
If any two true rewards differ by at most $R$, then for **every** $\Lambda\ge0$ both returns are finite and

$$|J-\hat J|\le\frac{\epsilon_{rew}}{1-\gamma}+\sum_{t}\gamma^t\min\Big(R,\ \kappa\,\epsilon_{dyn}\sum_{i<t}\Lambda^i\Big).$$

The series converges with no contraction. *)
Definition Bounded_reward_bound : Prop :=
  forall (State Action : Type) (dS : Distance State) (dA : Distance Action)
    (γ L_f L_r L_π ε_dyn ε_rew Range : R) (M Mhat : MDP State Action) (π : State -> Action) (s_0 : State),
  0 <= γ < 1 -> 0 <= L_f -> 0 <= L_r -> 0 <= L_π ->
  Dynamics_Lipschitz dS dA L_f M -> Reward_Lipschitz dS dA L_r M -> Policy_Lipschitz dS dA L_π π ->
  Errors_on_path dS ε_dyn ε_rew M Mhat π (path π Mhat s_0) ->
  (forall s a s' a', Rabs (r M s a - r M s' a') <= Range) ->
  let Λ := L_f * (1 + L_π) in
  let κ := L_r * (1 + L_π) in
  let V := fun t => γ ^ t * Rmin Range (κ * ε_dyn * (∑ (i < t) Λ ^ i)) in
  J_converges γ π M s_0 /\ J_converges γ π Mhat s_0 /\ ex_series V /\
  Rabs (J γ π M s_0 - J γ π Mhat s_0) <= ε_rew / (1 - γ) + Series V.

(** ## Proof

The reward gap of Lemma 1, cut off at $R$. *)
Theorem bounded_reward_bound : Bounded_reward_bound.
Proof.
  intros State Action dS dA γ L_f L_r L_π ε_dyn ε_rew Range M Mhat π s_0 G F R P lf lr lp err bounded Λ κ V.
  assert (Λ0 : 0 <= Λ) by (apply Rmult_le_pos; lra). assert (κ0 : 0 <= κ) by (apply Rmult_le_pos; lra).
  assert (powers : forall k, 0 <= Λ ^ k) by (intros; now apply pow_le).
  pose proof (closed_loop_stretch dS dA L_f L_π M π F P lf lp) as stretch.
  pose proof (closed_loop_reward dS dA L_r L_π M π R lr lp) as reward.
  pose proof (fun t => proj1 (err t)) as dyn. pose proof (fun t => proj2 (err t)) as rew.
  assert (ε0 : 0 <= ε_dyn) by exact (error_nonneg dS ε_dyn M Mhat π s_0 dyn).
  assert (Range0 : 0 <= Range) by (eapply Rle_trans; [apply Rabs_pos | apply (bounded s_0 (π s_0) s_0 (π s_0))]).
  destruct (geometric_converges γ G) as [X1 S1].
  assert (V0 : forall t, 0 <= V t).
  { intros t. apply Rmult_le_pos; [apply pow_le; lra|]. apply Rmin_glb; [exact Range0|].
    apply Rmult_le_pos; [now apply Rmult_le_pos|]. now apply Sum_nonneg. }
  assert (XV : ex_series V).
  { apply (@ex_series_le R_AbsRing R_CompleteNormedModule V (fun t => γ ^ t * Range)); [|now apply ex_series_scal_r].
    intros t. unfold norm; simpl. unfold abs; simpl. rewrite Rabs_pos_eq by apply V0.
    apply Rmult_le_compat_l; [apply pow_le; lra | apply Rmin_l]. }
  assert (gap : forall t, Rabs (reward_at γ π M s_0 t - reward_at γ π Mhat s_0 t) <= γ ^ t * ε_rew + V t).
  { intros t. unfold reward_at, V. rewrite <- Rmult_minus_distr_l, Rabs_mult, (Rabs_pos_eq (γ ^ t)) by (apply pow_le; lra).
    rewrite <- Rmult_plus_distr_l. apply Rmult_le_compat_l; [apply pow_le; lra|]. rewrite Rabs_minus_sym.
    set (s := path π M s_0 t). set (s' := path π Mhat s_0 t).
    replace (r Mhat s' (π s') - r M s (π s)) with ((r Mhat s' (π s') - r M s' (π s')) + (r M s' (π s') - r M s (π s))) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [apply (rew t)|].
    apply Rmin_glb; [apply bounded|]. eapply Rle_trans; [apply reward|].
    unfold κ in *. rewrite (Rmult_assoc (L_r * (1 + L_π))). apply Rmult_le_compat_l; [exact κ0|].
    exact (state_gap_0 dS ε_dyn (fun k => Λ ^ k) M Mhat π s_0 powers stretch dyn t). }
  assert (sum : ex_series (fun t => γ ^ t * ε_rew + V t)).
  { apply (@ex_series_plus R_AbsRing R_NormedModule (fun t => γ ^ t * ε_rew) V); [now apply ex_series_scal_r | exact XV]. }
  assert (C : J_converges γ π M s_0).
  { apply (@ex_series_le R_AbsRing R_CompleteNormedModule _ (fun t => γ ^ t * (Rabs (r M s_0 (π s_0)) + Range)));
      [|now apply ex_series_scal_r].
    intros t. unfold reward_at, norm; simpl. unfold abs; simpl. rewrite Rabs_mult, (Rabs_pos_eq (γ ^ t)) by (apply pow_le; lra).
    apply Rmult_le_compat_l; [apply pow_le; lra|]. set (s := path π M s_0 t).
    replace (r M s (π s)) with (r M s_0 (π s_0) + (r M s (π s) - r M s_0 (π s_0))) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_l, bounded. }
  assert (C' : J_converges γ π Mhat s_0).
  { apply (@ex_series_le R_AbsRing R_CompleteNormedModule _ (fun t => Rabs (r M s_0 (π s_0)) * γ ^ t + Range * γ ^ t + (γ ^ t * ε_rew + V t))).
    - intros t. unfold norm; simpl. unfold abs; simpl.
      replace (reward_at γ π Mhat s_0 t) with (reward_at γ π M s_0 t - (reward_at γ π M s_0 t - reward_at γ π Mhat s_0 t)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. apply Rplus_le_compat; [|apply gap].
      unfold reward_at. rewrite Rabs_mult, (Rabs_pos_eq (γ ^ t)) by (apply pow_le; lra). set (s := path π M s_0 t).
      replace (r M s (π s)) with (r M s_0 (π s_0) + (r M s (π s) - r M s_0 (π s_0))) by ring.
      rewrite <- Rmult_plus_distr_r, Rmult_comm. apply Rmult_le_compat_r; [apply pow_le; lra|].
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_l, bounded.
    - apply (@ex_series_plus R_AbsRing R_NormedModule (fun t => Rabs (r M s_0 (π s_0)) * γ ^ t + Range * γ ^ t)); [|exact sum].
      apply (@ex_series_plus R_AbsRing R_NormedModule (fun t => Rabs (r M s_0 (π s_0)) * γ ^ t));
        [now apply (ex_series_scal _ (fun t => γ ^ t)) | now apply (ex_series_scal Range (fun t => γ ^ t))]. }
  split; [exact C|]. split; [exact C'|]. split; [exact XV|].
  eapply Rle_trans; [apply (Series_gap _ _ _ sum C C' gap)|].
  right. rewrite Series_plus by (try exact XV; now apply ex_series_scal_r).
  rewrite (Series_scal_r ε_rew (fun t => γ ^ t)), S1. unfold Rdiv. ring.
Qed.
