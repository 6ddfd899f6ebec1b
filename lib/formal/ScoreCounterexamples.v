(** # What breaks without the repairs of section 5 *)
From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Expectation Rollouts NoisyRewards BiasedRewards.
Open Scope R_scope.

(** ## Two states, one decision

From the first state (`false`) every action leads to the second (`true`). Action `true` earns 0.95 in the first and $-1$ in the second state; action `false` earns nothing. *)
Definition two_steps : Process bool bool.
Proof.
  refine {| actions := true :: false :: nil; idle := true; next := fun _ _ => (1, true) :: nil |}; simpl; intros.
  - destruct H as [H|[]]. inversion H. lra.
  - ring.
Defined.

Definition earns (x : bool * bool) : R :=
  match x with
  | (false, true) => 95 / 100
  | (true, true) => -1
  | _ => 0
  end.

(** @theorem-2 Without γᵗ the estimator can point the wrong way, everywhere
On this process, with $H=2$, $\gamma=0.9$ and **any** policy that treats both states alike (one logit shared by two states, say), the estimator (A), without the factor $\gamma^t$, has mean $-\nabla J_H$ at **every** parameter. *)
Definition Without_discount_reversed : Prop :=
  forall π : Policy two_steps, (forall θ a, prob π θ false a = prob π θ true a) ->
  forall θ i,
  partial i (J_H π (9 / 10) earns 2 false) θ
    (- E_rollouts π θ 2 false (fun τ => g π θ (9 / 10) (fun _ => 1) 2 i τ (fun t => earns (τ t)))).

(** @theorem-2 And the gradient need not be zero
There is such a policy (the logistic one) with $\partial J_H/\partial\theta_0>0$ at every parameter, so (A) points downhill. *)
Definition Without_discount_downhill : Prop :=
  exists π : Policy two_steps, (forall θ a, prob π θ false a = prob π θ true a) /\
  forall θ, exists slope, 0 < slope /\ partial 0 (J_H π (9 / 10) earns 2 false) θ slope /\
  E_rollouts π θ 2 false (fun τ => g π θ (9 / 10) (fun _ => 1) 2 0 τ (fun t => earns (τ t))) = - slope.

(** @proposition-2 The same for a bias
With $r=0$ and this reward as the bias $b$, the estimator (A) has mean $-\nabla B_H$, not $\nabla B_H$: Proposition 2 needs the factor $\gamma^t$ too. *)
Definition Without_discount_Proposition_2 : Prop :=
  exists π : Policy two_steps, forall θ, exists slope, 0 < slope /\
  partial 0 (J_H π (9 / 10) (fun _ => 0) 2 false) θ 0 /\ partial 0 (J_H π (9 / 10) earns 2 false) θ slope /\
  E_rollouts π θ 2 false (fun τ => g π θ (9 / 10) (fun _ => 1) 2 0 τ (fun t => 0 + earns (τ t))) <> 0 + slope.

(** ## Four coins

Two actions $a_0,a_1=\pm1$ and two noises $\eta_0,\eta_1=\pm1$, all independent and fair. The score of $a_t$ is $a_t/2$ (one logit, $p=\tfrac12$). The first noise reaches the second true reward: $r_0=0$, $r_1=200\,\eta_0$. *)
Definition coin (X : R -> R) : R := (X 1 + X (-1)) / 2.
Definition four_coins (X : R -> R -> R -> R -> R) : R :=
  coin (fun a0 => coin (fun a1 => coin (fun η0 => coin (fun η1 => X a0 a1 η0 η1)))).

(** @theorem-2 Noise that is independent of each history is too weak
The noises are i.i.d. with mean 0 and variance 1; $\eta_0$ is independent of $(s_0,a_0)$ and $\eta_1$ of everything up to $(s_1,a_1)$, $\eta_0$ included. Yet with $H=2$, $K=1$, $\gamma=0.9$ and $W_H^2=\tfrac14$ the variance grows by more than $\sigma_\eta^2HW_H^2/(1-\gamma)^2$. *)
Definition History_independence_is_too_weak : Prop :=
  let γ := 9 / 10 in
  let w0 := fun a0 : R => a0 / 2 in
  let w1 := fun a1 : R => a1 / 2 in
  let r1 := fun η0 : R => 200 * η0 in
  let noisy := fun a0 a1 η0 η1 => w0 a0 * ((0 + η0) + γ * (r1 η0 + η1)) + γ * w1 a1 * (r1 η0 + η1) in
  let clean := fun a0 a1 η0 (η1 : R) => w0 a0 * (0 + γ * r1 η0) + γ * w1 a1 * r1 η0 in
  let variance := fun X => four_coins (fun a0 a1 η0 η1 => X a0 a1 η0 η1 ^ 2) - four_coins X ^ 2 in
  four_coins (fun _ _ η0 _ => η0) = 0 /\ four_coins (fun _ _ _ η1 => η1) = 0 /\
  four_coins (fun _ _ η0 _ => η0 ^ 2) = 1 /\ four_coins (fun _ _ _ η1 => η1 ^ 2) = 1 /\
  (forall u v : R -> R, four_coins (fun a0 _ η0 _ => u a0 * v η0)
     = four_coins (fun a0 _ _ _ => u a0) * four_coins (fun _ _ η0 _ => v η0)) /\
  (forall (u : R -> R -> R -> R) (v : R -> R), four_coins (fun a0 a1 η0 η1 => u a0 a1 η0 * v η1)
     = four_coins (fun a0 a1 η0 _ => u a0 a1 η0) * four_coins (fun _ _ _ η1 => v η1)) /\
  variance noisy > variance clean + 1 * 2 * (1 / 4) / (1 * (1 - γ) ^ 2).

(** ## Proofs *)

(* Both means are multiples of p·w, the mean of the score where the first action is `true`. *)
Lemma two_means (π : Policy two_steps) : (forall θ a, prob π θ false a = prob π θ true a) -> forall ω θ i,
  E_rollouts π θ 2 false (fun τ => g π θ (9 / 10) ω 2 i τ (fun t => earns (τ t)))
    = (95 / 100 * ω O - ω 1%nat) * (prob π θ true true * w π θ i (true, true)).
Proof.
  intros alike ω θ i.
  assert (scores : forall a, w π θ i (false, a) = w π θ i (true, a)).
  { intros a. unfold w. apply Derive_ext. intros x. simpl. now rewrite alike. }
  pose proof (mean_score π θ i true) as zero. simpl in zero.
  pose proof (prob_sum π θ true) as one. simpl in one.
  simpl. unfold g, earns. simpl. rewrite !alike, !scores.
  set (p := prob π θ true true) in *. set (q := prob π θ true false) in *.
  set (x := w π θ i (true, true)) in *. set (y := w π θ i (true, false)) in *. clearbody p q x y.
  assert (Q : q = 1 - p) by lra. subst q. assert (Y : (1 - p) * y = - (p * x)) by lra. ring_simplify.
  assert (Y2 : p * ((1 - p) * y) = - (p * (p * x))) by (rewrite Y; ring). 
  set (o0 := ω O). set (o1 := ω 1%nat). clearbody o0 o1.
  assert (Z1 : o0 * (p * ((1 - p) * y)) = - (o0 * (p * (p * x)))) by (rewrite Y2; ring).
  assert (Z2 : o1 * (p * ((1 - p) * y)) = - (o1 * (p * (p * x)))) by (rewrite Y2; ring).
  ring_simplify in Z1. ring_simplify in Z2. lra.
Qed.

Theorem without_discount_reversed : Without_discount_reversed.
Proof.
  intros π alike θ i. pose proof (policy_gradient bool bool two_steps π earns (9 / 10) 2%nat false θ i) as D.
  rewrite (two_means π alike) in *. simpl in D.
  replace (- ((95 / 100 * 1 - 1) * (prob π θ true true * w π θ i (true, true))))
    with ((95 / 100 * 1 - 9 / 10 * 1) * (prob π θ true true * w π θ i (true, true))) by field. exact D.
Qed.

Definition logistic : Policy two_steps.
Proof.
  refine (Build_Policy _ _ two_steps (fun θ _ a => if a then / (1 + exp (- θ O)) else / (1 + exp (θ O))) _ _ _ _); simpl.
  - intros θ _ a. destruct a; apply Rinv_0_lt_compat; [pose proof (exp_pos (- θ O)) | pose proof (exp_pos (θ O))]; lra.
  - intros θ _. rewrite exp_Ropp. pose proof (exp_pos (θ O)). field. lra.
  - intros θ θ' _ a H. now rewrite H.
  - intros θ i _ a. unfold set_entry. destruct i; simpl.
    + destruct a; auto_derive; try exact I; apply Rgt_not_eq; [pose proof (exp_pos (- θ O)) | pose proof (exp_pos (θ O))]; lra.
    + apply ex_derive_const.
Defined.

(* p w is the derivative of p, p(1 − p) > 0. *)
Lemma logistic_score θ : 0 < prob logistic θ true true * w logistic θ 0 (true, true).
Proof.
  pose proof (prob_score logistic θ 0 true true) as D. apply is_derive_unique in D. rewrite <- D.
  assert (C : is_derive (fun x => / (1 + exp (- x))) (θ O) (exp (- θ O) / (1 + exp (- θ O)) ^ 2)).
  { auto_derive; [pose proof (exp_pos (- θ O)); lra|]. field. pose proof (exp_pos (- θ O)). lra. }
  assert (V : Derive (fun x : R => / (1 + exp (- x))) (θ O) = exp (- θ O) / (1 + exp (- θ O)) ^ 2)
    by (apply is_derive_unique; exact C).
  change (0 < Derive (fun x : R => / (1 + exp (- x))) (θ O)). rewrite V.
  pose proof (exp_pos (- θ O)). apply Rdiv_lt_0_compat; [assumption | apply pow_lt; lra].
Qed.

Theorem without_discount_downhill : Without_discount_downhill.
Proof.
  exists logistic. split; [reflexivity|]. intros θ.
  pose proof (without_discount_reversed logistic (fun _ _ => eq_refl) θ 0%nat) as D.
  pose proof (logistic_score θ) as P.
  eexists. split; [|split; [exact D|]].
  - rewrite (two_means logistic) by reflexivity. lra.
  - ring.
Qed.

Theorem without_discount_proposition_2 : Without_discount_Proposition_2.
Proof.
  exists logistic. intros θ.
  pose proof (without_discount_reversed logistic (fun _ _ => eq_refl) θ 0%nat) as D.
  pose proof (logistic_score θ) as P. rewrite (two_means logistic) in D by reflexivity.
  eexists. split; [|split; [|split; [exact D|]]].
  - lra.
  - exact (constant_bias_is_harmless _ _ two_steps logistic (9 / 10) 0 2%nat 0%nat false θ).
  - rewrite (E_ext _ _ (fun τ => g logistic θ (9 / 10) (fun _ => 1) 2 0 τ (fun t => earns (τ t)))).
    + rewrite (two_means logistic) by reflexivity. lra.
    + intros τ. unfold g. simpl. ring.
Qed.

Theorem history_independence_is_too_weak : History_independence_is_too_weak.
Proof.
  unfold History_independence_is_too_weak, four_coins, coin. repeat split; intros; try field; lra.
Qed.
