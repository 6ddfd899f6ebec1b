(** # Processes, returns and the multi-step bound

Two processes share states, actions and discount. Their policy closes the loop: $F(s)=f(s,\pi(s))$. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Spaces.
Open Scope R_scope.

(** ## What is compared *)

Record MDP (State Action : Type) := {
  f : State -> Action -> State;      (* dynamics *)
  r : State -> Action -> R }.        (* reward *)
Arguments f {_ _}. Arguments r {_ _}.

Section Returns.
  Context {State Action : Type}.
  Variables (γ : R) (π : State -> Action) (M : MDP State Action) (s_0 : State).

  Fixpoint path (t : nat) : State :=
    match t with
    | O => s_0
    | S t => f M (path t) (π (path t))
    end.

  Definition reward_at (t : nat) : R := γ ^ t * r M (path t) (π (path t)).
  Definition J_upto (H : nat) : R := ∑ (t < H) reward_at t.
  Definition J : R := Series reward_at.
  Definition J_converges : Prop := ex_series reward_at.
End Returns.

(** @beyond-multistep Several steps at once
Let $\ell_k$ bound how far $k$ steps of the true closed loop $F$ can stretch a distance, let $\kappa_{cl}$ be a Lipschitz constant of
$s\mapsto r(s,\pi(s))$, and let the model err by at most $\epsilon_{dyn}$, $\epsilon_{rew}$ at the states that the *imagined* path visits. If
$\sum_k\gamma^k\ell_k\le L$ then both returns are finite and

$$|J(\pi,M)-J(\pi,\hat M)|\le\frac1{1-\gamma}\big[\epsilon_{rew}+\gamma\,\kappa_{cl}\,\epsilon_{dyn}\,L\big].$$

No constant of $\hat M$ enters, and no contraction is asked of a single step. *)
Definition Multi_step_bound : Prop :=
  forall (State Action : Type) (d : Distance State) (γ κ_cl ε_dyn ε_rew L : R) (ℓ : nat -> R)
    (M Mhat : MDP State Action) (π : State -> Action) (s_0 : State),
  0 <= γ < 1 -> 0 <= κ_cl -> (forall k, 0 <= ℓ k) ->
  (forall k s s', d (path π M s k) (path π M s' k) <= ℓ k * d s s') ->
  (forall s s', Rabs (r M s (π s) - r M s' (π s')) <= κ_cl * d s s') ->
  (forall t, let s := path π Mhat s_0 t in d (f Mhat s (π s)) (f M s (π s)) <= ε_dyn) ->
  (forall t, let s := path π Mhat s_0 t in Rabs (r Mhat s (π s) - r M s (π s)) <= ε_rew) ->
  (forall H, (∑ (k < H) γ ^ k * ℓ k) <= L) ->
  J_converges γ π M s_0 /\ J_converges γ π Mhat s_0 /\
  Rabs (J γ π M s_0 - J γ π Mhat s_0) <= 1 / (1 - γ) * (ε_rew + γ * κ_cl * ε_dyn * L).

(** ## Proof *)

Section Proof.
  Context {State Action : Type} (d : Distance State) (γ κ ε_dyn ε_rew : R) (ℓ : nat -> R)
    (M Mhat : MDP State Action) (π : State -> Action) (s_0 : State).
  Hypothesis γ_range : 0 <= γ.
  Hypothesis κ_nonneg : 0 <= κ.
  Hypothesis ℓ_nonneg : forall k, 0 <= ℓ k.
  Hypothesis stretch : forall k s s', d (path π M s k) (path π M s' k) <= ℓ k * d s s'.
  Hypothesis reward_lipschitz : forall s s', Rabs (r M s (π s) - r M s' (π s')) <= κ * d s s'.
  Hypothesis dynamics_error : forall t, let s := path π Mhat s_0 t in d (f Mhat s (π s)) (f M s (π s)) <= ε_dyn.
  Hypothesis reward_error : forall t, let s := path π Mhat s_0 t in Rabs (r Mhat s (π s) - r M s (π s)) <= ε_rew.

  (* Walking k + 1 steps is one step, then k. *)
  Lemma path_first s k : path π M s (S k) = path π M (f M s (π s)) k.
  Proof. induction k; [reflexivity|]. simpl in *. now rewrite IHk. Qed.

  (* How far the imagined state is from the true one after both are walked j steps further: each of the t errors has been
     stretched by the steps since it was made. *)
  Lemma state_gap t : forall j,
    d (path π M (path π Mhat s_0 t) j) (path π M s_0 (j + t)) <= ε_dyn * (∑ (k < t) ℓ (j + k)%nat).
  Proof.
    induction t as [|t IH]; intros j.
    - rewrite Nat.add_0_r. simpl. rewrite dist_self. lra.
    - set (s := path π Mhat s_0 t) in *.
      eapply Rle_trans; [apply (dist_triangle _ d _ (path π M (f M s (π s)) j))|].
      assert (new : d (path π M (path π Mhat s_0 (S t)) j) (path π M (f M s (π s)) j) <= ℓ j * ε_dyn).
      { eapply Rle_trans; [apply stretch|]. apply Rmult_le_compat_l; [apply ℓ_nonneg | apply (dynamics_error t)]. }
      rewrite <- path_first in *. replace (j + S t)%nat with (S j + t)%nat by lia.
      pose proof (IH (S j)) as old. rewrite Sum_first, Nat.add_0_r.
      rewrite (Sum_ext t (fun k => ℓ (j + S k)%nat) (fun k => ℓ (S j + k)%nat)) by (intros; f_equal; lia). lra.
  Qed.

  (* The state gap itself, j = 0. *)
  Lemma state_gap_0 t : d (path π Mhat s_0 t) (path π M s_0 t) <= ε_dyn * (∑ (k < t) ℓ k).
  Proof. exact (state_gap t 0). Qed.

  (* The reward gap at step t: the reward model's own error, and the true reward at two states. *)
  Lemma reward_gap t :
    Rabs (reward_at γ π M s_0 t - reward_at γ π Mhat s_0 t)
      <= γ ^ t * ε_rew + κ * ε_dyn * (γ ^ t * (∑ (k < t) ℓ k)).
  Proof.
    unfold reward_at. rewrite <- Rmult_minus_distr_l, Rabs_mult, (Rabs_pos_eq (γ ^ t)) by now apply pow_le.
    replace (γ ^ t * ε_rew + κ * ε_dyn * (γ ^ t * (∑ (k < t) ℓ k)))
      with (γ ^ t * (ε_rew + κ * (ε_dyn * (∑ (k < t) ℓ k)))) by ring.
    apply Rmult_le_compat_l; [now apply pow_le|]. rewrite Rabs_minus_sym.
    set (s := path π M s_0 t). set (s' := path π Mhat s_0 t).
    replace (r Mhat s' (π s') - r M s (π s)) with ((r Mhat s' (π s') - r M s' (π s')) + (r M s' (π s') - r M s (π s))) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [apply (reward_error t)|].
    eapply Rle_trans; [apply reward_lipschitz|]. apply Rmult_le_compat_l; [assumption | apply state_gap_0].
  Qed.

  (* The finite horizon needs no limit and no contraction. *)
  Lemma return_gap_upto H :
    Rabs (J_upto γ π M s_0 H - J_upto γ π Mhat s_0 H)
      <= ε_rew * (∑ (t < H) γ ^ t) + κ * ε_dyn * (∑ (t < H) γ ^ t * (∑ (k < t) ℓ k)).
  Proof.
    unfold J_upto. rewrite <- Sum_minus. eapply Rle_trans; [apply Sum_abs|].
    eapply Rle_trans; [apply Sum_le; intros t _; apply reward_gap|].
    rewrite Sum_plus, (Sum_scal_r H ε_rew (fun t => γ ^ t)), (Sum_scal H (κ * ε_dyn)). right. ring.
  Qed.

  (* How far the true path can walk from its start: the errors of a model that stands still. *)
  Lemma walk t : d (path π M s_0 t) s_0 <= (∑ (k < t) ℓ k) * d (f M s_0 (π s_0)) s_0.
  Proof.
    induction t as [|t IH]; [simpl; rewrite dist_self, Rmult_0_l; apply Rle_refl|].
    eapply Rle_trans; [apply (dist_triangle _ d _ (path π M s_0 t))|]. rewrite path_first.
    pose proof (stretch t (f M s_0 (π s_0)) s_0) as A. cbn [Sum]. rewrite Rmult_plus_distr_r.
    rewrite Rplus_comm. apply Rplus_le_compat; [exact IH | exact A].
  Qed.

  (* Both series converge as soon as the accumulated errors do: this is proved, not assumed. *)
  Lemma returns_converge : γ < 1 -> ex_series (fun t => γ ^ t * (∑ (k < t) ℓ k)) ->
    J_converges γ π M s_0 /\ J_converges γ π Mhat s_0.
  Proof.
    intros G E. destruct (geometric_converges γ (conj γ_range G)) as [E1 _].
    assert (dominated : forall a c1 c2,
              (forall t, Rabs (a t) <= γ ^ t * c1 + c2 * (γ ^ t * (∑ (k < t) ℓ k))) -> ex_series a).
    { intros a c1 c2 A. apply (@ex_series_le R_AbsRing R_CompleteNormedModule a _ A).
      apply (@ex_series_plus R_AbsRing R_NormedModule (fun t => γ ^ t * c1)).
      - now apply ex_series_scal_r.
      - now apply (ex_series_scal c2 (fun t => γ ^ t * (∑ (k < t) ℓ k))). }
    assert (true_return : forall t, Rabs (reward_at γ π M s_0 t)
      <= γ ^ t * Rabs (r M s_0 (π s_0)) + (κ * d (f M s_0 (π s_0)) s_0) * (γ ^ t * (∑ (k < t) ℓ k))).
    { intros t. unfold reward_at. rewrite Rabs_mult, (Rabs_pos_eq (γ ^ t)) by now apply pow_le.
      replace (γ ^ t * Rabs (r M s_0 (π s_0)) + (κ * d (f M s_0 (π s_0)) s_0) * (γ ^ t * (∑ (k < t) ℓ k)))
        with (γ ^ t * (Rabs (r M s_0 (π s_0)) + κ * ((∑ (k < t) ℓ k) * d (f M s_0 (π s_0)) s_0))) by ring.
      apply Rmult_le_compat_l; [now apply pow_le|].
      set (s := path π M s_0 t).
      replace (r M s (π s)) with (r M s_0 (π s_0) + (r M s (π s) - r M s_0 (π s_0))) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_l.
      eapply Rle_trans; [apply reward_lipschitz|]. apply Rmult_le_compat_l; [assumption | apply walk]. }
    split; [exact (dominated _ _ _ true_return)|].
    apply (dominated _ (Rabs (r M s_0 (π s_0)) + ε_rew) (κ * d (f M s_0 (π s_0)) s_0 + κ * ε_dyn)).
    intros t. pose proof (true_return t) as A. pose proof (reward_gap t) as B.
    replace (reward_at γ π Mhat s_0 t)
      with (reward_at γ π M s_0 t - (reward_at γ π M s_0 t - reward_at γ π Mhat s_0 t)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra.
  Qed.

  (* And the gap of the returns is at most the sum of the reward gaps. *)
  Lemma return_gap : γ < 1 -> ex_series (fun t => γ ^ t * (∑ (k < t) ℓ k)) ->
    Rabs (J γ π M s_0 - J γ π Mhat s_0)
      <= ε_rew / (1 - γ) + κ * ε_dyn * Series (fun t => γ ^ t * (∑ (k < t) ℓ k)).
  Proof.
    intros G E. destruct (geometric_converges γ (conj γ_range G)) as [E1 S1].
    destruct (returns_converge G E) as [C C'].
    assert (B1 : ex_series (fun t => γ ^ t * ε_rew)) by now apply ex_series_scal_r.
    assert (B2 : ex_series (fun t => κ * ε_dyn * (γ ^ t * (∑ (k < t) ℓ k))))
      by now apply (ex_series_scal (κ * ε_dyn) (fun t => γ ^ t * (∑ (k < t) ℓ k))).
    eapply Rle_trans; [apply (Series_gap _ _ _ (ex_series_plus _ _ B1 B2) C C' reward_gap)|].
    right. rewrite Series_plus by assumption. rewrite (Series_scal_r ε_rew (fun t => γ ^ t)), S1.
    rewrite (Series_scal_l (κ * ε_dyn) (fun t => γ ^ t * (∑ (k < t) ℓ k))). unfold Rdiv. ring.
  Qed.
End Proof.

(* An error bound is not negative, because a distance is not. *)
Lemma error_nonneg {State Action} (d : Distance State) ε (M Mhat : MDP State Action) π s_0 :
  (forall t, let s := path π Mhat s_0 t in d (f Mhat s (π s)) (f M s (π s)) <= ε) -> 0 <= ε.
Proof. intros E. eapply Rle_trans; [apply (dist_nonneg _ d) | apply (E O)]. Qed.

Theorem multi_step_bound : Multi_step_bound.
Proof.
  intros State Action d γ κ ε_dyn ε_rew L ℓ M Mhat π s_0 G K P stretch lip dyn rew B.
  destruct (discounted_accumulation γ ℓ L G P B) as [E S].
  destruct (returns_converge d γ κ ε_dyn ε_rew ℓ M Mhat π s_0 (proj1 G) K P stretch lip dyn rew (proj2 G) E) as [C C'].
  split; [exact C|]. split; [exact C'|].
  eapply Rle_trans; [exact (return_gap d γ κ ε_dyn ε_rew ℓ M Mhat π s_0 (proj1 G) K P stretch lip dyn rew (proj2 G) E)|].
  pose proof (error_nonneg d ε_dyn M Mhat π s_0 dyn) as N.
  apply (Rmult_le_compat_l (κ * ε_dyn)) in S; [|now apply Rmult_le_pos].
  replace (1 / (1 - γ) * (ε_rew + γ * κ * ε_dyn * L)) with (ε_rew / (1 - γ) + κ * ε_dyn * (γ * L / (1 - γ))) by (field; lra).
  lra.
Qed.
