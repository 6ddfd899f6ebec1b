(** # Theorem 2: REINFORCE under noisy rewards

$\hat r_t=r_t+\eta_t$. The estimator of one rollout is $\hat g=\sum_{t<H}\omega_t\,w_t\sum_{k<H-t}\gamma^k\hat r_{t+k}$: with weights $\omega_t=\gamma^t$ it is the book's (B), with $\omega_t=1$ its (A). *)
From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Expectation Rollouts.
Open Scope R_scope.

Section Setting.
  Context {State Action : Type} {M : Process State Action} (π : Policy M) (θ : nat -> R) (γ : R).

  (* Return of a trajectory, its mean J_H, and the estimator's i-th coordinate, for any sequence of labels ρ. *)
  Definition discounted (H : nat) (ρ : nat -> R) : R := ∑ (t < H) γ ^ t * ρ t.

  Definition J_H (r : State * Action -> R) (H : nat) (s_0 : State) (θ : nat -> R) : R :=
    E_rollouts π θ H s_0 (fun τ => discounted H (fun t => r (τ t))).

  Definition g (ω : nat -> R) (H i : nat) (τ : Trajectory State Action) (ρ : nat -> R) : R :=
    ∑ (t < H) ω t * w π θ i (τ t) * (∑ (k < H - t) γ ^ k * ρ (t + k)%nat).

  (* ‖w_t‖² over the first d parameters, and W_H² = E max_t ‖w_t‖². *)
  Definition score_square (d : nat) (x : State * Action) : R := ∑ (i < d) w π θ i x ^ 2.

  Fixpoint largest (H : nat) (a : nat -> R) : R :=
    match H with
    | O => 0
    | S H => Rmax (largest H a) (a H)
    end.

  Definition W2 (d H : nat) (s_0 : State) : R :=
    E_rollouts π θ H s_0 (fun τ => largest H (fun t => score_square d (τ t))).
End Setting.

(* The noise of a rollout may depend on its trajectory, but given the whole trajectory it has mean 0, variance σ² and no
   correlation across time. Noise that is i.i.d. and independent of the trajectory is the special case of one law. *)
Definition White {Ω} (H : nat) (σ2 : R) (N : Expectation Ω) (η : nat -> Ω -> R) : Prop :=
  (forall t, (t < H)%nat -> N (η t) = 0) /\
  (forall t u, (t < H)%nat -> (u < H)%nat -> N (fun ω => η t ω * η u ω) = if Nat.eqb t u then σ2 else 0).

(* Total variance: the coordinates' variances added. *)
Definition Total_variance {Ω} (P : Expectation Ω) (d : nat) (X : nat -> Ω -> R) : R := ∑ (i < d) Var P (X i).

(** @theorem-2 The policy gradient theorem
$J_H$ is differentiable in every parameter, and with $\omega_t=\gamma^t$ the mean of the noise-free estimator is its gradient. The differentiability of $J_H$ is a result: only that of the policy is assumed. *)
Definition Policy_gradient : Prop :=
  forall (State Action : Type) (M : Process State Action) (π : Policy M) (r : State * Action -> R) (γ : R)
    (H : nat) (s_0 : State) (θ : nat -> R) (i : nat),
  partial i (J_H π γ r H s_0) θ
    (E_rollouts π θ H s_0 (fun τ => g π θ γ (fun t => γ ^ t) H i τ (fun t => r (τ t)))).

(** @theorem-2 REINFORCE under noisy rewards, repaired
Let $K\ge1$ independent rollouts be labelled with noise that is white given the whole trajectory. The averaged estimator with the factor $\gamma^t$ is unbiased for the gradient of $J_H$, and for $\gamma<1$

$$\mathrm{Var}\,\hat g\le\mathrm{Var}\,\hat g|_{\eta=0}+\frac{\sigma_\eta^2HW_H^2}{K(1-\gamma)^2}.$$ *)
Definition Theorem_2 : Prop :=
  forall (State Action Ω : Type) (M : Process State Action) (π : Policy M) (r : State * Action -> R) (γ σ2 : R)
    (H K d : nat) (s_0 : State) (θ : nat -> R) (N : Trajectory State Action -> Expectation Ω) (η : nat -> Ω -> R)
    (rest : nat -> Trajectory State Action * Ω),
  0 <= γ < 1 -> (0 < K)%nat -> (forall τ, White H σ2 (N τ) η) ->
  let ω := fun t => γ ^ t in
  let rollout := Then (E_rollouts π θ H s_0) N in
  let noisy := fun i x => g π θ γ ω H i (fst x) (fun t => r (fst x t) + η t (snd x)) in
  let clean := fun i x => g π θ γ ω H i (fst x) (fun t => r (fst x t)) in
  let P := Copies rollout rest K in
  (forall i, partial i (J_H π γ r H s_0) θ (P (average K (noisy i)))) /\
  Total_variance P d (fun i => average K (noisy i))
    <= Total_variance P d (fun i => average K (clean i)) + σ2 * INR H * W2 π θ d H s_0 / (INR K * (1 - γ) ^ 2).

(** @theorem-2 The variance bound holds for both estimators
For any weights $0\le\omega_t\le1$, so for (A) as well: noise changes no mean, and the same bound holds. *)
Definition Theorem_2_variance : Prop :=
  forall (State Action Ω : Type) (M : Process State Action) (π : Policy M) (r : State * Action -> R) (γ σ2 : R) (ω : nat -> R)
    (H K d : nat) (s_0 : State) (θ : nat -> R) (N : Trajectory State Action -> Expectation Ω) (η : nat -> Ω -> R)
    (rest : nat -> Trajectory State Action * Ω),
  0 <= γ < 1 -> (0 < K)%nat -> (forall t, 0 <= ω t <= 1) -> (forall τ, White H σ2 (N τ) η) -> 0 <= σ2 ->
  let rollout := Then (E_rollouts π θ H s_0) N in
  let noisy := fun i x => g π θ γ ω H i (fst x) (fun t => r (fst x t) + η t (snd x)) in
  let clean := fun i x => g π θ γ ω H i (fst x) (fun t => r (fst x t)) in
  let P := Copies rollout rest K in
  (forall i, P (average K (noisy i)) = P (average K (clean i))) /\
  Total_variance P d (fun i => average K (noisy i))
    <= Total_variance P d (fun i => average K (clean i)) + σ2 * INR H * W2 π θ d H s_0 / (INR K * (1 - γ) ^ 2).

(** @noisy-exact-inflation Exact inflation
An equality, for every $\gamma$ and all weights:

$$\mathrm{Var}\,\hat g-\mathrm{Var}\,\hat g|_{\eta=0}=\frac{\sigma_\eta^2}K\sum_{t<H}\omega_t^2\,\mathbb E\lVert w_t\rVert^2\sum_{k<H-t}\gamma^{2k}.$$ *)
Definition Exact_inflation : Prop :=
  forall (State Action Ω : Type) (M : Process State Action) (π : Policy M) (r : State * Action -> R) (γ σ2 : R) (ω : nat -> R)
    (H K d : nat) (s_0 : State) (θ : nat -> R) (N : Trajectory State Action -> Expectation Ω) (η : nat -> Ω -> R)
    (rest : nat -> Trajectory State Action * Ω),
  (0 < K)%nat -> (forall τ, White H σ2 (N τ) η) ->
  let rollout := Then (E_rollouts π θ H s_0) N in
  let noisy := fun i x => g π θ γ ω H i (fst x) (fun t => r (fst x t) + η t (snd x)) in
  let clean := fun i x => g π θ γ ω H i (fst x) (fun t => r (fst x t)) in
  let P := Copies rollout rest K in
  Total_variance P d (fun i => average K (noisy i)) - Total_variance P d (fun i => average K (clean i))
    = σ2 / INR K * (∑ (t < H) ω t ^ 2 * E_rollouts π θ H s_0 (fun τ => score_square π θ d (τ t)) * (∑ (k < H - t) γ ^ (2 * k))).

(** ## Proofs *)

Section Proof.
  Context {State Action : Type} {M : Process State Action} (π : Policy M) (θ : nat -> R) (γ : R) (s_0 : State).
  Let R_H (H : nat) := E_rollouts π θ H s_0.

  (* g with γ^t is the sum of scores times returns that start at their step, discounted from the start. *)
  Lemma g_late H i τ ρ : g π θ γ (fun t => γ ^ t) H i τ ρ
    = ∑ (u < H) γ ^ u * ρ u * (∑ (t < S u) w π θ i (τ t)).
  Proof.
    unfold g. rewrite (Sum_ext H _ (fun t => ∑ (k < H - t) γ ^ t * w π θ i (τ t) * (γ ^ k * ρ (t + k)%nat)))
      by (intros; now rewrite Sum_scal).
    rewrite (Sum_triangle H (fun t k => γ ^ t * w π θ i (τ t) * (γ ^ k * ρ (t + k)%nat))). apply Sum_ext. intros u Hu.
    rewrite <- Sum_scal. apply Sum_ext. intros t Ht. replace (t + (u - t))%nat with u by lia.
    replace (γ ^ u) with (γ ^ t * γ ^ (u - t)) by (rewrite <- pow_add; f_equal; lia). ring.
  Qed.

  (* Rewards do not depend on later actions: the scores after step u have mean 0 against r_u. *)
  Lemma causality H i (X : Trajectory State Action -> R) u : (u < H)%nat -> Known_before (S u) X ->
    R_H H (fun τ => X τ * (∑ (t < H) w π θ i (τ t))) = R_H H (fun τ => X τ * (∑ (t < S u) w π θ i (τ t))).
  Proof.
    intros Hu KX. assert (late : forall n, (S u + n <= H)%nat ->
      R_H H (fun τ => X τ * (∑ (t < S u + n) w π θ i (τ t))) = R_H H (fun τ => X τ * (∑ (t < S u) w π θ i (τ t)))).
    { induction n; intros Hn; [now rewrite Nat.add_0_r|]. rewrite <- IHn by lia.
      replace (S u + S n)%nat with (S (S u + n)) by lia.
      rewrite (E_ext (R_H H) _ (fun τ => X τ * (∑ (t < S u + n) w π θ i (τ t)) + X τ * w π θ i (τ (S u + n)%nat)))
        by (intros; cbn [Sum]; ring).
      assert (zero : R_H H (fun τ => X τ * w π θ i (τ (S u + n)%nat)) = 0).
      { apply (score_orthogonal π θ i (S u + n) H s_0 X); [lia|]. intros τ τ' E0. apply KX. intros k Hk. apply E0. lia. }
      rewrite E_plus, zero. ring. }
    rewrite <- (late (H - S u)%nat) by lia. replace (S u + (H - S u))%nat with H by lia. reflexivity.
  Qed.

  Lemma gradient r H i : R_H H (fun τ => discounted γ H (fun t => r (τ t)) * (∑ (t < H) w π θ i (τ t)))
    = R_H H (fun τ => g π θ γ (fun t => γ ^ t) H i τ (fun t => r (τ t))).
  Proof.
    rewrite (E_ext (R_H H) (fun τ => g π θ γ (fun t => γ ^ t) H i τ (fun t => r (τ t))) _ (fun τ => g_late H i τ _)).
    rewrite (E_sum (R_H H) H (fun u τ => γ ^ u * r (τ u) * (∑ (t < S u) w π θ i (τ t)))).
    rewrite (E_ext (R_H H) _ (fun τ => ∑ (u < H) γ ^ u * r (τ u) * (∑ (t < H) w π θ i (τ t))))
      by (intros; unfold discounted; now rewrite <- Sum_scal_r).
    rewrite (E_sum (R_H H) H (fun u τ => γ ^ u * r (τ u) * (∑ (t < H) w π θ i (τ t)))).
    apply Sum_ext. intros u Hu. apply (causality H i (fun τ => γ ^ u * r (τ u)) u Hu).
    intros τ τ' E0. now rewrite E0 by lia.
  Qed.

  (* The noise in the estimator, ordered by label: each label carries the scores of the steps before it. *)
  Definition X_u (ω : nat -> R) (i u : nat) (τ : Trajectory State Action) : R :=
    ∑ (t < S u) ω t * γ ^ (u - t) * w π θ i (τ t).

  Lemma g_linear ω H i τ ρ η : g π θ γ ω H i τ (fun t => ρ t + η t) = g π θ γ ω H i τ ρ + ∑ (u < H) η u * X_u ω i u τ.
  Proof.
    unfold g. rewrite (Sum_ext H (fun t => ω t * w π θ i (τ t) * (∑ (k < H - t) γ ^ k * (ρ (t + k)%nat + η (t + k)%nat)))
      (fun t => ω t * w π θ i (τ t) * (∑ (k < H - t) γ ^ k * ρ (t + k)%nat)
              + (∑ (k < H - t) ω t * w π θ i (τ t) * (γ ^ k * η (t + k)%nat)))).
    - rewrite Sum_plus. f_equal. rewrite (Sum_triangle H (fun t k => ω t * w π θ i (τ t) * (γ ^ k * η (t + k)%nat))).
      apply Sum_ext. intros u Hu. unfold X_u. rewrite <- Sum_scal. apply Sum_ext. intros t Ht.
      replace (t + (u - t))%nat with u by lia. ring.
    - intros t Ht. rewrite Sum_scal, <- Rmult_plus_distr_l. f_equal. rewrite <- Sum_plus. apply Sum_ext. intros. ring.
  Qed.

  Section Noise.
    Context {Ω : Type} (H : nat) (σ2 : R) (N : Expectation Ω) (η : nat -> Ω -> R).
    Hypothesis white : White H σ2 N η.

    (* Given the trajectory the noise averages out, and its variance is σ² Σ_u X_u². *)
    Lemma noise_mean x : N (fun ω => ∑ (u < H) η u ω * x u) = 0.
    Proof.
      rewrite (E_sum N H (fun u ω => η u ω * x u)). etransitivity; [|apply (Sum_zero H)]. apply Sum_ext. intros u Hu.
      rewrite E_scal_r, (proj1 white u Hu). ring.
    Qed.

    Lemma noise_square x : forall n, (n <= H)%nat -> N (fun ω => (∑ (u < n) η u ω * x u) ^ 2) = σ2 * (∑ (u < n) x u ^ 2).
    Proof.
      induction n; intros Hn; [simpl; rewrite E_const; ring|].
      rewrite (E_ext N _ (fun ω => (∑ (u < n) η u ω * x u) ^ 2
        + (2 * x n * (∑ (u < n) (η u ω * η n ω) * x u) + x n ^ 2 * (η n ω * η n ω)))).
      - rewrite E_plus, E_plus, E_scal, E_scal, IHn by lia. rewrite (E_sum N n (fun u ω => η u ω * η n ω * x u)).
        rewrite (proj2 white n n), Nat.eqb_refl by lia.
        rewrite (Sum_ext n (fun u => N (fun ω => η u ω * η n ω * x u)) (fun _ => 0)); [rewrite Sum_zero; cbn [Sum]; ring|].
        intros u Hu. rewrite E_scal_r, (proj2 white u n) by lia. destruct (Nat.eqb_spec u n); [lia | ring].
      - intros ω. cbn [Sum].
        rewrite (Sum_ext n (fun u => η u ω * η n ω * x u) (fun u => η n ω * (η u ω * x u))) by (intros; ring).
        rewrite (Sum_scal n (η n ω) (fun u => η u ω * x u)). ring.
    Qed.
  End Noise.

  Section Variance.
    Context {Ω : Type} (r : State * Action -> R) (σ2 : R) (ω : nat -> R) (H : nat).
    Variables (N : Trajectory State Action -> Expectation Ω) (η : nat -> Ω -> R).
    Hypothesis white : forall τ, White H σ2 (N τ) η.
    Let rollout := Then (R_H H) N.
    Let noisy i (x : Trajectory State Action * Ω) := g π θ γ ω H i (fst x) (fun t => r (fst x t) + η t (snd x)).
    Let clean i (x : Trajectory State Action * Ω) := g π θ γ ω H i (fst x) (fun t => r (fst x t)).

    Lemma clean_mean i : rollout (clean i) = R_H H (fun τ => g π θ γ ω H i τ (fun t => r (τ t))).
    Proof. unfold rollout. rewrite Then_E. apply E_ext. intros τ. exact (E_const (N τ) (g π θ γ ω H i τ (fun t => r (τ t)))). Qed.

    Lemma noisy_mean i : rollout (noisy i) = rollout (clean i).
    Proof.
      rewrite clean_mean. unfold rollout. rewrite Then_E. apply E_ext. intros τ.
      rewrite (E_ext (N τ) _ (fun x => g π θ γ ω H i τ (fun t => r (τ t)) + ∑ (u < H) η u x * X_u ω i u τ)).
      - rewrite E_plus, E_const, (noise_mean H σ2 (N τ) η (white τ)). ring.
      - intros x. exact (g_linear ω H i τ (fun t => r (τ t)) (fun t => η t x)).
    Qed.

    (* Law of total variance: the cross term is 0. *)
    Lemma noisy_variance i : Var rollout (noisy i) = Var rollout (clean i) + σ2 * R_H H (fun τ => ∑ (u < H) X_u ω i u τ ^ 2).
    Proof.
      unfold Var. rewrite noisy_mean. set (m := rollout (clean i)). unfold rollout. rewrite !Then_E.
      rewrite <- (E_scal (R_H H)), <- E_plus. apply E_ext. intros τ.
      rewrite (E_ext (N τ) (fun x => (clean i (τ, x) - m) ^ 2) (fun _ => (g π θ γ ω H i τ (fun t => r (τ t)) - m) ^ 2)) by reflexivity.
      rewrite E_const. set (c := g π θ γ ω H i τ (fun t => r (τ t)) - m).
      rewrite (E_ext (N τ) _ (fun x => c ^ 2 + (2 * c * (∑ (u < H) η u x * X_u ω i u τ) + (∑ (u < H) η u x * X_u ω i u τ) ^ 2))).
      - rewrite E_plus, E_const, E_plus, E_scal, (noise_mean H σ2 (N τ) η (white τ)),
          (noise_square H σ2 (N τ) η (white τ) _ H (Nat.le_refl H)). ring.
      - intros x. unfold noisy. simpl fst. simpl snd.
        rewrite (g_linear ω H i τ (fun t => r (τ t)) (fun t => η t x)). unfold c. ring.
    Qed.

    (* Scores of different steps are orthogonal. *)
    Lemma scores_orthogonal i t u : (t < H)%nat -> (u < H)%nat -> t <> u ->
      R_H H (fun τ => w π θ i (τ t) * w π θ i (τ u)) = 0.
    Proof.
      intros Ht Hu D. destruct (Nat.lt_ge_cases t u) as [L | L].
      - apply (score_orthogonal π θ i u H s_0 (fun τ => w π θ i (τ t)) Hu). intros τ τ' E0. now rewrite E0.
      - rewrite (E_ext (R_H H) _ (fun τ => w π θ i (τ u) * w π θ i (τ t))) by (intros; ring).
        apply (score_orthogonal π θ i t H s_0 (fun τ => w π θ i (τ u)) Ht). intros τ τ' E0. rewrite E0 by lia. reflexivity.
    Qed.

    Lemma weighted_scores_square i a : forall n, (n <= H)%nat ->
      R_H H (fun τ => (∑ (t < n) a t * w π θ i (τ t)) ^ 2) = ∑ (t < n) a t ^ 2 * R_H H (fun τ => w π θ i (τ t) ^ 2).
    Proof.
      induction n; intros Hn; [simpl Sum; rewrite (E_ext (R_H H) _ (fun _ => 0)) by (intros; ring); apply E_const|].
      rewrite (E_ext (R_H H) _ (fun τ => (∑ (t < n) a t * w π θ i (τ t)) ^ 2
        + (2 * a n * (∑ (t < n) a t * (w π θ i (τ t) * w π θ i (τ n))) + a n ^ 2 * w π θ i (τ n) ^ 2))).
      - rewrite E_plus, E_plus, E_scal, E_scal, IHn by lia.
        rewrite (E_sum (R_H H) n (fun t τ => a t * (w π θ i (τ t) * w π θ i (τ n)))).
        rewrite (Sum_ext n (fun t => R_H H (fun τ => a t * (w π θ i (τ t) * w π θ i (τ n)))) (fun _ => 0)); [rewrite Sum_zero; cbn [Sum]; ring|].
        intros t Ht. rewrite E_scal, (scores_orthogonal i t n) by lia. ring.
      - intros τ. cbn [Sum].
        rewrite (Sum_ext n (fun t => a t * (w π θ i (τ t) * w π θ i (τ n))) (fun t => a t * w π θ i (τ t) * w π θ i (τ n))) by (intros; ring).
        rewrite (Sum_scal_r n (w π θ i (τ n)) (fun t => a t * w π θ i (τ t))). ring.
    Qed.

    Lemma inflation_exact i :
      R_H H (fun τ => ∑ (u < H) X_u ω i u τ ^ 2)
        = ∑ (t < H) ω t ^ 2 * R_H H (fun τ => w π θ i (τ t) ^ 2) * (∑ (k < H - t) γ ^ (2 * k)).
    Proof.
      rewrite (E_sum (R_H H) H (fun u τ => X_u ω i u τ ^ 2)).
      rewrite (Sum_ext H (fun t => ω t ^ 2 * R_H H (fun τ => w π θ i (τ t) ^ 2) * (∑ (k < H - t) γ ^ (2 * k)))
        (fun t => ∑ (k < H - t) ω t ^ 2 * R_H H (fun τ => w π θ i (τ t) ^ 2) * γ ^ (2 * k))) by (intros; now rewrite Sum_scal).
      rewrite (Sum_triangle H (fun t k => ω t ^ 2 * R_H H (fun τ => w π θ i (τ t) ^ 2) * γ ^ (2 * k))).
      apply Sum_ext. intros u Hu. unfold X_u.
      rewrite (weighted_scores_square i (fun t => ω t * γ ^ (u - t)) (S u) ltac:(lia)).
      apply Sum_ext. intros t Ht. rewrite pow_mult, Rpow_mult_distr, <- pow_mult, Nat.mul_comm, pow_mult. ring.
    Qed.

    (* Path by path: ‖X_u‖² ≤ max ‖w‖² / (1 − γ)². *)
    Lemma largest_le n a t : (t < n)%nat -> a t <= largest n a.
    Proof.
      induction n; intros Ht; [lia|]. simpl. destruct (Nat.eq_dec t n) as [-> | D]; [apply Rmax_r|].
      eapply Rle_trans; [apply IHn; lia | apply Rmax_l].
    Qed.

    Lemma X_u_bound d u τ : 0 <= γ < 1 -> (forall t, 0 <= ω t <= 1) -> (u < H)%nat ->
      (∑ (i < d) X_u ω i u τ ^ 2) <= largest H (fun t => score_square π θ d (τ t)) / (1 - γ) ^ 2.
    Proof.
      intros G W Hu. set (a := fun t => ω t * γ ^ (u - t)). set (m := largest H (fun t => score_square π θ d (τ t))).
      assert (a0 : forall t, 0 <= a t) by (intros; apply Rmult_le_pos; [apply W | apply pow_le; lra]).
      assert (A : Sum (S u) a <= / (1 - γ)).
      { apply Rle_trans with (∑ (t < S u) γ ^ (u - t)).
        - apply Sum_le. intros t _. unfold a. rewrite <- (Rmult_1_l (γ ^ (u - t))) at 2.
          apply Rmult_le_compat_r; [apply pow_le; lra | apply W].
        - replace (∑ (t < S u) γ ^ (u - t)) with (∑ (t < S u) γ ^ t); [now apply Sum_geometric_le|].
          clear. assert (rev : forall n b, Sum (S n) b = ∑ (t < S n) b (n - t)%nat).
          { induction n; intros b; [reflexivity|]. rewrite (Sum_first (S n) (fun t => b (S n - t)%nat)).
            change (Sum (S (S n)) b) with (Sum (S n) b + b (S n)). rewrite IHn. simpl Nat.sub at 2. rewrite Rplus_comm. f_equal. }
          apply (rev u (fun t => γ ^ t)). }
      assert (A0 : 0 <= Sum (S u) a) by (apply Sum_nonneg; intros; apply a0).
      assert (m0 : forall t, (t < H)%nat -> score_square π θ d (τ t) <= m) by (intros; apply (largest_le H (fun t => score_square π θ d (τ t))); assumption).
      apply Rle_trans with (Sum (S u) a * (∑ (t < S u) a t * score_square π θ d (τ t))).
      - unfold score_square.
        rewrite (Sum_ext (S u) (fun t => a t * (∑ (i < d) w π θ i (τ t) ^ 2)) (fun t => ∑ (i < d) a t * w π θ i (τ t) ^ 2)) by (intros; now rewrite Sum_scal).
        rewrite Sum_swap, <- Sum_scal. apply Sum_le. intros i _. apply (Sum_square (S u) a (fun t => w π θ i (τ t)) a0).
      - assert (B : (∑ (t < S u) a t * score_square π θ d (τ t)) <= Sum (S u) a * m).
        { rewrite <- Sum_scal_r. apply Sum_le. intros t Ht. apply Rmult_le_compat_l; [apply a0 | apply m0; lia]. }
        assert (m1 : 0 <= m). { eapply Rle_trans; [|apply (m0 u Hu)]. apply Sum_nonneg. intros. apply pow2_ge_0. }
        apply (Rmult_le_compat_l (Sum (S u) a)) in B; [|exact A0]. eapply Rle_trans; [exact B|].
        rewrite <- Rmult_assoc, Rmult_comm. unfold Rdiv. apply Rmult_le_compat_l; [exact m1|].
        replace (/ (1 - γ) ^ 2) with (/ (1 - γ) * / (1 - γ)) by (field; lra). apply Rmult_le_compat; assumption.
    Qed.

    Lemma inflation_bound d : 0 <= γ < 1 -> (forall t, 0 <= ω t <= 1) ->
      (∑ (i < d) R_H H (fun τ => ∑ (u < H) X_u ω i u τ ^ 2)) <= INR H * W2 π θ d H s_0 / (1 - γ) ^ 2.
    Proof.
      intros G W. rewrite <- (E_sum (R_H H) d (fun i τ => ∑ (u < H) X_u ω i u τ ^ 2)).
      unfold W2. fold (R_H H).
      replace (INR H * R_H H (fun τ => largest H (fun t => score_square π θ d (τ t))) / (1 - γ) ^ 2)
        with (R_H H (fun τ => INR H / (1 - γ) ^ 2 * largest H (fun t => score_square π θ d (τ t)))) by (rewrite E_scal; unfold Rdiv; ring).
      apply E_le. intros τ. rewrite Sum_swap.
      eapply Rle_trans; [apply Sum_le; intros u Hu; apply (X_u_bound d u τ G W Hu)|].
      rewrite Sum_const. right. unfold Rdiv. ring.
    Qed.
  End Variance.
End Proof.

Theorem policy_gradient : Policy_gradient.
Proof.
  intros State Action M π r γ H s_0 θ i. unfold partial, J_H. rewrite <- gradient.
  exact (score_identity π θ i H s_0 (fun τ => discounted γ H (fun t => r (τ t)))).
Qed.

Lemma total_variance_copies {Ω} (P : Expectation Ω) rest K d X : (0 < K)%nat ->
  Total_variance (Copies P rest K) d (fun i => average K (X i)) = (∑ (i < d) Var P (X i)) / INR K.
Proof.
  intros HK. unfold Total_variance, Rdiv. rewrite <- Sum_scal_r. apply Sum_ext. intros. now apply average_variance.
Qed.

Theorem exact_inflation : Exact_inflation.
Proof.
  intros State Action Ω M π r γ σ2 ω H K d s_0 θ N η rest HK white rollout noisy clean P.
  assert (K0 : INR K <> 0) by (apply not_0_INR; lia).
  unfold P. rewrite !total_variance_copies by exact HK.
  rewrite (Sum_ext d (fun i => Var rollout (noisy i)) _ (fun i _ => noisy_variance π θ γ s_0 r σ2 ω H N η white i)).
  rewrite Sum_plus, Sum_scal.
  rewrite (Sum_ext d (fun i => E_rollouts π θ H s_0 (fun τ => ∑ (u < H) X_u π θ γ ω i u τ ^ 2)) _ (fun i _ => inflation_exact π θ γ s_0 ω H i)).
  rewrite Sum_swap.
  rewrite (Sum_ext H (fun u => ∑ (t < d) ω u ^ 2 * E_rollouts π θ H s_0 (fun τ => w π θ t (τ u) ^ 2) * (∑ (k < H - u) γ ^ (2 * k)))
     (fun t => ω t ^ 2 * E_rollouts π θ H s_0 (fun τ => score_square π θ d (τ t)) * (∑ (k < H - t) γ ^ (2 * k)))).
  - unfold rollout, clean. field. exact K0.
  - intros t _. rewrite Sum_scal_r, Sum_scal. unfold score_square.
    now rewrite (E_sum _ d (fun i τ => w π θ i (τ t) ^ 2)).
Qed.

Theorem theorem_2_variance : Theorem_2_variance.
Proof.
  intros State Action Ω M π r γ σ2 ω H K d s_0 θ N η rest G HK W white σ0 rollout noisy clean P.
  assert (K0 : 0 < INR K) by (apply lt_0_INR; exact HK).
  split.
  - intros i. unfold P. rewrite !average_mean by exact HK. apply (noisy_mean π θ γ s_0 r σ2 ω H N η white).
  - unfold P. rewrite !total_variance_copies by exact HK.
    rewrite (Sum_ext d (fun i => Var rollout (noisy i)) _ (fun i _ => noisy_variance π θ γ s_0 r σ2 ω H N η white i)).
    rewrite Sum_plus, Sum_scal.
    pose proof (inflation_bound π θ γ s_0 ω H d G W) as B. apply (Rmult_le_compat_l (σ2 / INR K)) in B.
    2: { apply Rmult_le_pos; [exact σ0 | left; now apply Rinv_0_lt_compat]. }
    unfold Rdiv in *. rewrite Rmult_plus_distr_r. apply Rplus_le_compat_l.
    rewrite Rinv_mult. rewrite (Rmult_comm (σ2 * _)), <- Rmult_assoc, (Rmult_comm (/ INR K)). eapply Rle_trans; [exact B|]. right. ring.
Qed.

Theorem theorem_2 : Theorem_2.
Proof.
  intros State Action Ω M π r γ σ2 H K d s_0 θ N η rest G HK white ω rollout noisy clean P.
  assert (W : forall t, 0 <= γ ^ t <= 1).
  { intros t. split; [apply pow_le; lra|]. rewrite <- (pow1 t). apply pow_incr. lra. }
  split.
  - intros i. unfold P. rewrite average_mean by exact HK. unfold rollout, noisy.
    rewrite (noisy_mean π θ γ s_0 r σ2 ω H N η white i), clean_mean. apply policy_gradient.
  - destruct H as [|H'].
    + replace (σ2 * INR 0 * W2 π θ d 0 s_0 / (INR K * (1 - γ) ^ 2)) with 0 by (simpl INR; unfold Rdiv; ring).
      rewrite Rplus_0_r. apply Rle_refl.
    + assert (σ0 : 0 <= σ2).
      { destruct (white (fun _ => (s_0, idle M))) as [_ sq]. specialize (sq O O ltac:(lia) ltac:(lia)). simpl in sq. rewrite <- sq.
        apply E_nonneg. intros. nra. }
      exact (proj2 (theorem_2_variance State Action Ω M π r γ σ2 ω (S H') K d s_0 θ N η rest G HK W white σ0)).
Qed.
