(** # Lemma 1: the simulation lemma

The book's constants: $\Lambda=L_f(1+L_\pi)$, $\kappa=L_r(1+L_\pi)$. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Spaces ClosedLoop.
Open Scope R_scope.

Section Lipschitz.
  Context {State Action : Type} (dS : Distance State) (dA : Distance Action).

  (* The sum metric of section 3: a pair moves by the sum of what its two parts move. *)
  Definition Dynamics_Lipschitz (L_f : R) (M : MDP State Action) : Prop :=
    forall s a s' a', dS (f M s a) (f M s' a') <= L_f * (dS s s' + dA a a').

  Definition Reward_Lipschitz (L_r : R) (M : MDP State Action) : Prop :=
    forall s a s' a', Rabs (r M s a - r M s' a') <= L_r * (dS s s' + dA a a').

  Definition Policy_Lipschitz (L_π : R) (π : State -> Action) : Prop :=
    forall s s', dA (π s) (π s') <= L_π * dS s s'.

  (* The errors of the model, bounded along the path that a policy visits in the model: sup norms bound them there too. *)
  Definition Errors_on_path (ε_dyn ε_rew : R) (M Mhat : MDP State Action) (π : State -> Action) (s : nat -> State) : Prop :=
    forall t, dS (f Mhat (s t) (π (s t))) (f M (s t) (π (s t))) <= ε_dyn /\
              Rabs (r Mhat (s t) (π (s t)) - r M (s t) (π (s t))) <= ε_rew.
End Lipschitz.

(** @lemma-1 Simulation error decomposition, infinite horizon
$f$ is $L_f$-Lipschitz, $r$ is $L_r$-Lipschitz, $\pi$ is $L_\pi$-Lipschitz, all three constants are at least 0, and $\gamma L_f(1+L_\pi)<1$.
The model errs by at most $\epsilon_{dyn}$ and $\epsilon_{rew}$ on the imagined path. Then both returns are finite and

$$|J(\pi,M)-J(\pi,\hat M)|\le\frac{\epsilon_{rew}}{1-\gamma}+\frac{\gamma L_r(1+L_\pi)}{(1-\gamma)(1-\gamma L_f(1+L_\pi))}\,\epsilon_{dyn}.$$ *)
Definition Lemma_1 : Prop :=
  forall (State Action : Type) (dS : Distance State) (dA : Distance Action)
    (γ L_f L_r L_π ε_dyn ε_rew : R) (M Mhat : MDP State Action) (π : State -> Action) (s_0 : State),
  0 <= γ < 1 -> 0 <= L_f -> 0 <= L_r -> 0 <= L_π ->
  Dynamics_Lipschitz dS dA L_f M -> Reward_Lipschitz dS dA L_r M -> Policy_Lipschitz dS dA L_π π ->
  Errors_on_path dS ε_dyn ε_rew M Mhat π (path π Mhat s_0) ->
  γ * L_f * (1 + L_π) < 1 ->
  J_converges γ π M s_0 /\ J_converges γ π Mhat s_0 /\
  Rabs (J γ π M s_0 - J γ π Mhat s_0)
    <= ε_rew / (1 - γ) + γ * L_r * (1 + L_π) / ((1 - γ) * (1 - γ * L_f * (1 + L_π))) * ε_dyn.

(** @beyond-finite-horizon Finite horizon, any growth
For every $\Lambda\ge0$, every discount $\gamma\ge0$ (1 and more included) and every horizon $H$, with no contraction:

$$|J_H-\hat J_H|\le\epsilon_{rew}\sum_{t<H}\gamma^t+\kappa\,\epsilon_{dyn}\sum_{t<H}\gamma^t\sum_{i<t}\Lambda^i.$$ *)
Definition Lemma_1_finite_horizon : Prop :=
  forall (State Action : Type) (dS : Distance State) (dA : Distance Action)
    (γ L_f L_r L_π ε_dyn ε_rew : R) (M Mhat : MDP State Action) (π : State -> Action) (s_0 : State) (H : nat),
  0 <= γ -> 0 <= L_f -> 0 <= L_r -> 0 <= L_π ->
  Dynamics_Lipschitz dS dA L_f M -> Reward_Lipschitz dS dA L_r M -> Policy_Lipschitz dS dA L_π π ->
  Errors_on_path dS ε_dyn ε_rew M Mhat π (path π Mhat s_0) ->
  let Λ := L_f * (1 + L_π) in
  let κ := L_r * (1 + L_π) in
  Rabs (J_upto γ π M s_0 H - J_upto γ π Mhat s_0 H)
    <= ε_rew * (∑ (t < H) γ ^ t) + κ * ε_dyn * (∑ (t < H) γ ^ t * (∑ (i < t) Λ ^ i)).

(** @lemma-1 With the constants of the learned maps
The paper speaks of the constants of the learned models; its proof uses those of the true ones. Both are right: let $\hat f$ be $L_f$-Lipschitz and $\hat r$ be $L_r$-Lipschitz, and let the errors
be bounded on the *real* path. The same bound holds. Here the distance must be symmetric, and nothing more. *)
Definition Lemma_1_learned_constants : Prop :=
  forall (State Action : Type) (dS : Distance State) (dA : Distance Action)
    (γ L_f L_r L_π ε_dyn ε_rew : R) (M Mhat : MDP State Action) (π : State -> Action) (s_0 : State),
  Symmetric dS ->
  0 <= γ < 1 -> 0 <= L_f -> 0 <= L_r -> 0 <= L_π ->
  Dynamics_Lipschitz dS dA L_f Mhat -> Reward_Lipschitz dS dA L_r Mhat -> Policy_Lipschitz dS dA L_π π ->
  Errors_on_path dS ε_dyn ε_rew M Mhat π (path π M s_0) ->
  γ * L_f * (1 + L_π) < 1 ->
  J_converges γ π M s_0 /\ J_converges γ π Mhat s_0 /\
  Rabs (J γ π M s_0 - J γ π Mhat s_0)
    <= ε_rew / (1 - γ) + γ * L_r * (1 + L_π) / ((1 - γ) * (1 - γ * L_f * (1 + L_π))) * ε_dyn.

(** @lemma-1 As the paper states it: Euclidean spaces, suprema
$S=\mathbb R^n$, $A=\mathbb R^m$ with Euclidean norms, $\epsilon_{dyn}=\sup_{s,a}\lVert\hat f(s,a)-f(s,a)\rVert$ and $\epsilon_{rew}=\sup_{s,a}|\hat r(s,a)-r(s,a)|$, least upper
bounds that are assumed to exist. *)
Definition Lemma_1_Euclidean : Prop :=
  forall (n m : nat) (γ L_f L_r L_π ε_dyn ε_rew : R)
    (M Mhat : MDP (Euclidean n) (Euclidean m)) (π : Euclidean n -> Euclidean m) (s_0 : Euclidean n),
  let dS := norm_distance (Euclidean n) in
  let dA := norm_distance (Euclidean m) in
  0 <= γ < 1 -> 0 <= L_f -> 0 <= L_r -> 0 <= L_π ->
  Dynamics_Lipschitz dS dA L_f M -> Reward_Lipschitz dS dA L_r M -> Policy_Lipschitz dS dA L_π π ->
  is_lub (fun e => exists s a, e = ‖f Mhat s a ⊖ f M s a‖) ε_dyn ->
  is_lub (fun e => exists s a, e = Rabs (r Mhat s a - r M s a)) ε_rew ->
  γ * L_f * (1 + L_π) < 1 ->
  Rabs (J γ π M s_0 - J γ π Mhat s_0)
    <= ε_rew / (1 - γ) + γ * L_r * (1 + L_π) / ((1 - γ) * (1 - γ * L_f * (1 + L_π))) * ε_dyn.

(** @lemma-1 The constants must not be negative
"$f$ is $L$-Lipschitz" says $\lVert f(x)-f(y)\rVert\le L\lVert x-y\rVert$ and nothing about the sign of $L$. On a space with one point $L_r=-1$ satisfies it, and with $\epsilon_{dyn}=1$ as an upper bound of the error the right-hand
side of Lemma 1 is negative: the bound fails. So $L_f,L_r,L_\pi\ge0$ is a hypothesis. *)
Definition Negative_constant_breaks_Lemma_1 : Prop :=
  exists (M Mhat : MDP unit unit) (π : unit -> unit) (s_0 : unit) (γ L_f L_r L_π ε_dyn ε_rew : R),
  0 <= γ < 1 /\ 0 <= L_f /\ L_r = -1 /\ 0 <= L_π /\
  Dynamics_Lipschitz Point Point L_f M /\ Reward_Lipschitz Point Point L_r M /\ Policy_Lipschitz Point Point L_π π /\
  Errors_on_path Point ε_dyn ε_rew M Mhat π (path π Mhat s_0) /\
  γ * L_f * (1 + L_π) < 1 /\
  Rabs (J γ π M s_0 - J γ π Mhat s_0)
    > ε_rew / (1 - γ) + γ * L_r * (1 + L_π) / ((1 - γ) * (1 - γ * L_f * (1 + L_π))) * ε_dyn.

(** ## Proofs

Lemma 1 is the multi-step form with $\ell_k=\Lambda^k$ and $\kappa_{cl}=\kappa$: one step of the closed loop stretches a distance by at most $\Lambda$. *)

Section Proof.
  Context {State Action : Type} (dS : Distance State) (dA : Distance Action) (L_f L_r L_π : R)
    (M : MDP State Action) (π : State -> Action).
  Hypothesis L_f_nonneg : 0 <= L_f.
  Hypothesis L_r_nonneg : 0 <= L_r.
  Hypothesis L_π_nonneg : 0 <= L_π.
  Hypothesis f_lipschitz : Dynamics_Lipschitz dS dA L_f M.
  Hypothesis r_lipschitz : Reward_Lipschitz dS dA L_r M.
  Hypothesis π_lipschitz : Policy_Lipschitz dS dA L_π π.

  Lemma pair_moves s s' : dS s s' + dA (π s) (π s') <= (1 + L_π) * dS s s'.
  Proof. pose proof (π_lipschitz s s'). lra. Qed.

  (* The action follows the state, so the closed loop stretches by Λ. *)
  Lemma closed_loop_stretch k s s' :
    dS (path π M s k) (path π M s' k) <= (L_f * (1 + L_π)) ^ k * dS s s'.
  Proof.
    induction k; [simpl; lra|]. simpl. eapply Rle_trans; [apply f_lipschitz|].
    pose proof (pair_moves (path π M s k) (path π M s' k)) as A.
    apply (Rmult_le_compat_l L_f) in A; [|assumption]. eapply Rle_trans; [exact A|].
    apply (Rmult_le_compat_l (L_f * (1 + L_π))) in IHk; [|apply Rmult_le_pos; lra]. lra.
  Qed.

  Lemma closed_loop_reward s s' : Rabs (r M s (π s) - r M s' (π s')) <= L_r * (1 + L_π) * dS s s'.
  Proof.
    eapply Rle_trans; [apply r_lipschitz|]. rewrite Rmult_assoc. apply Rmult_le_compat_l; [assumption | apply pair_moves].
  Qed.
End Proof.

Theorem lemma_1_finite_horizon : Lemma_1_finite_horizon.
Proof.
  intros State Action dS dA γ L_f L_r L_π ε_dyn ε_rew M Mhat π s_0 H G F R P lf lr lp err Λ κ.
  apply (return_gap_upto dS γ κ ε_dyn ε_rew (fun k => Λ ^ k) M Mhat π s_0); unfold κ, Λ.
  - exact G.
  - apply Rmult_le_pos; lra.
  - intros k. apply pow_le, Rmult_le_pos; lra.
  - now apply (closed_loop_stretch dS dA).
  - now apply (closed_loop_reward dS dA).
  - intros t. apply (err t).
  - intros t. apply (err t).
Qed.

Theorem lemma_1 : Lemma_1.
Proof.
  intros State Action dS dA γ L_f L_r L_π ε_dyn ε_rew M Mhat π s_0 G F R P lf lr lp err C.
  assert (Λ_nonneg : 0 <= L_f * (1 + L_π)) by (apply Rmult_le_pos; lra).
  assert (contraction : γ * (L_f * (1 + L_π)) < 1) by lra.
  destruct (geometric_accumulation γ (L_f * (1 + L_π)) G Λ_nonneg contraction) as [E S].
  assert (κ_nonneg : 0 <= L_r * (1 + L_π)) by (apply Rmult_le_pos; lra).
  assert (powers : forall k, 0 <= (L_f * (1 + L_π)) ^ k) by (intros; now apply pow_le).
  pose proof (closed_loop_stretch dS dA L_f L_π M π F P lf lp) as stretch.
  pose proof (closed_loop_reward dS dA L_r L_π M π R lr lp) as reward.
  pose proof (fun t => proj1 (err t)) as dyn. pose proof (fun t => proj2 (err t)) as rew.
  destruct (returns_converge dS γ _ ε_dyn ε_rew _ M Mhat π s_0 (proj1 G) κ_nonneg powers stretch reward dyn rew (proj2 G) E)
    as [A B].
  split; [exact A|]. split; [exact B|].
  eapply Rle_trans;
    [exact (return_gap dS γ _ ε_dyn ε_rew _ M Mhat π s_0 (proj1 G) κ_nonneg powers stretch reward dyn rew (proj2 G) E)|].
  right. rewrite S. field. lra.
Qed.

(* Swap the roles of M and M̂ and use symmetry. *)
Theorem lemma_1_learned_constants : Lemma_1_learned_constants.
Proof.
  intros State Action dS dA γ L_f L_r L_π ε_dyn ε_rew M Mhat π s_0 sym G F R P lf lr lp err C.
  assert (swapped : Errors_on_path dS ε_dyn ε_rew Mhat M π (path π M s_0)).
  { intros t. destruct (err t) as [A B]. split; [now rewrite sym | now rewrite Rabs_minus_sym]. }
  destruct (lemma_1 State Action dS dA γ L_f L_r L_π ε_dyn ε_rew Mhat M π s_0 G F R P lf lr lp swapped C) as [A [B D]].
  split; [exact B|]. split; [exact A|]. now rewrite Rabs_minus_sym.
Qed.

Theorem lemma_1_Euclidean : Lemma_1_Euclidean.
Proof.
  intros n m γ L_f L_r L_π ε_dyn ε_rew M Mhat π s_0 dS dA G F R P lf lr lp [sup_f _] [sup_r _] C.
  apply (lemma_1 _ _ dS dA γ L_f L_r L_π ε_dyn ε_rew M Mhat π s_0); try assumption.
  intros t. set (s := path π Mhat s_0 t). split; [apply sup_f | apply sup_r]; now exists s, (π s).
Qed.

Theorem negative_constant_breaks_lemma_1 : Negative_constant_breaks_Lemma_1.
Proof.
  set (M := {| f := fun _ _ => tt; r := fun _ _ => 0 |} : MDP unit unit).
  exists M, M, (fun _ => tt), tt, (1 / 2), 0, (-1), 0, 1, 0.
  assert (Z : forall x : R, Rabs (0 - x * 0) = 0) by (intros; rewrite Rmult_0_r, Rminus_0_r; apply Rabs_R0).
  repeat split; try lra; unfold Dynamics_Lipschitz, Reward_Lipschitz, Policy_Lipschitz; simpl; intros;
    rewrite ?Rminus_eq_0, ?Rabs_R0; lra.
Qed.
