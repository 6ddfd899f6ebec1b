(** # Cheap labels corrected by expensive ones

A rollout's outcome gives a cheap, biased gradient $X$ and, if its labels are bought twice, an exact one $Y$ as well. *)
From Coq Require Import Reals Lra Lia.
From Imagination Require Import Sums Expectation.
Open Scope R_scope.

(** @biased-two-batches The correction is unbiased, and its variance
$K$ rollouts labelled cheaply and $k$ others twice give $\tilde g=\varrho\,\bar X_K+\overline{(Y-\varrho X)}_k$. Its mean is $\mathbb E\,Y$ for every coefficient $\varrho$, whatever the bias of $X$, and

$$\mathrm{Var}\,\tilde g=\frac{\mathrm{Var}(\varrho X)}K+\frac{\mathrm{Var}(Y-\varrho X)}k.$$ *)
Definition Two_batches : Prop :=
  forall (Ω : Type) (P : Expectation Ω) (X Y : Ω -> R) (ρ : R) (K k : nat) (rest : nat -> Ω),
  (0 < K)%nat -> (0 < k)%nat ->
  let both := Then (Copies P rest K) (fun _ => Copies P rest k) in
  let corrected := fun batches => average K (fun ω => ρ * X ω) (fst batches)
                                + average k (fun ω => Y ω - ρ * X ω) (snd batches) in
  both corrected = P Y /\
  Var both corrected = Var P (fun ω => ρ * X ω) / INR K + Var P (fun ω => Y ω - ρ * X ω) / INR k.

(** @biased-two-batches The best split of a budget over the two batches
With unit prices $a$ and $b$ and variances $V_c,V_\Delta>0$, budget times variance is at least $(\sqrt{aV_c}+\sqrt{bV_\Delta})^2$, with equality exactly where $K/k=\sqrt{bV_c/(aV_\Delta)}$. *)
Definition Two_batches_split : Prop :=
  forall a b V_c V_Δ K k : R,
  0 < a -> 0 < b -> 0 < V_c -> 0 < V_Δ -> 0 < K -> 0 < k ->
  (sqrt (a * V_c) + sqrt (b * V_Δ)) ^ 2 <= (a * K + b * k) * (V_c / K + V_Δ / k) /\
  ((sqrt (a * V_c) + sqrt (b * V_Δ)) ^ 2 = (a * K + b * k) * (V_c / K + V_Δ / k)
     <-> K / k = sqrt (b * V_c / (a * V_Δ))).

(** @biased-two-batches Cheap and biased against exact and expensive
Cheap labels have the smaller mean square error exactly while $B<B^\times=(c_2v_2-c_1v_1)/\lVert\nabla B_H\rVert^2$. *)
Definition Crossover_budget : Prop :=
  forall c_1 v_1 c_2 v_2 bias_square B : R, 0 < bias_square -> 0 < B ->
  (c_1 * v_1 / B + bias_square < c_2 * v_2 / B <-> B < (c_2 * v_2 - c_1 * v_1) / bias_square).

(** ## Proofs *)

(* The cross term of two independent batches is the product of two means that are 0. *)
Theorem two_batches : Two_batches.
Proof.
  intros Ω P X Y ρ K k rest HK Hk both corrected.
  set (x := fun ω => ρ * X ω). set (y := fun ω => Y ω - ρ * X ω).
  set (PK := Copies P rest K). set (Pk := Copies P rest k).
  assert (mx : PK (average K x) = P x) by now apply average_mean.
  assert (my : Pk (average k y) = P y) by now apply average_mean.
  assert (mean : both corrected = P x + P y).
  { unfold both. rewrite Then_E. fold PK Pk.
    rewrite (E_ext PK _ (fun ωs => average K x ωs + P y)).
    - rewrite E_plus, E_const, mx. reflexivity.
    - intros ωs. unfold corrected. simpl fst. simpl snd. rewrite E_plus, E_const. fold x y. now rewrite my. }
  split.
  - rewrite mean. rewrite <- E_plus. apply E_ext. intros ω. unfold x, y. ring.
  - unfold Var at 1. rewrite mean. unfold both. rewrite Then_E. fold PK Pk.
    pose proof (average_variance P rest K x HK) as vx. pose proof (average_variance P rest k y Hk) as vy.
    unfold Var at 1 in vx. unfold Var at 1 in vy. fold PK in vx. fold Pk in vy. rewrite mx in vx. rewrite my in vy.
    rewrite <- vx, <- vy.
    rewrite (E_ext PK _ (fun ωs => (average K x ωs - P x) ^ 2 + Pk (fun ω => (average k y ω - P y) ^ 2))).
    + rewrite E_plus, E_const. reflexivity.
    + intros ωs. rewrite (E_ext Pk _ (fun ω => (average K x ωs - P x) ^ 2
        + (2 * (average K x ωs - P x) * (average k y ω - P y) + (average k y ω - P y) ^ 2))).
      * rewrite E_plus, E_const, E_plus, E_scal, E_minus, E_const, my. ring.
      * intros ω. unfold corrected. simpl fst. simpl snd. fold x y. ring.
Qed.

(* Both sides differ by a square. *)
Theorem two_batches_split : Two_batches_split.
Proof.
  intros a b V W K k a0 b0 V0 W0 K0 k0.
  set (p := sqrt (a * V)). set (q := sqrt (b * W)). set (z := sqrt (b * V / (a * W))).
  assert (p2 : p ^ 2 = a * V) by (apply pow2_sqrt; apply Rmult_le_pos; lra).
  assert (q2 : q ^ 2 = b * W) by (apply pow2_sqrt; apply Rmult_le_pos; lra).
  assert (p0 : 0 < p) by (apply sqrt_lt_R0, Rmult_lt_0_compat; assumption).
  assert (q0 : 0 < q) by (apply sqrt_lt_R0, Rmult_lt_0_compat; assumption).
  assert (z2 : z ^ 2 = b * V / (a * W)) by (apply pow2_sqrt; left; apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; assumption).
  assert (z0 : 0 < z) by (apply sqrt_lt_R0, Rdiv_lt_0_compat; apply Rmult_lt_0_compat; assumption).
  assert (zpq : a * z * q = b * p).
  { apply Rsqr_inj; unfold Rsqr; [repeat apply Rmult_le_pos; lra | apply Rmult_le_pos; lra |].
    replace (a * z * q * (a * z * q)) with (a ^ 2 * z ^ 2 * q ^ 2) by ring. replace (b * p * (b * p)) with (b ^ 2 * p ^ 2) by ring.
    rewrite z2, q2, p2. field. lra. }
  assert (gap : (a * K + b * k) * (V / K + W / k) = (p + q) ^ 2 + (a * K * q - b * k * p) ^ 2 / (a * K * (b * k))).
  { replace ((p + q) ^ 2) with (p ^ 2 + 2 * p * q + q ^ 2) by ring.
    replace ((a * K * q - b * k * p) ^ 2) with (a ^ 2 * K ^ 2 * q ^ 2 - 2 * a * K * b * k * p * q + b ^ 2 * k ^ 2 * p ^ 2) by ring.
    rewrite p2, q2. field. lra. }
  assert (d0 : 0 < / (a * K * (b * k))) by (apply Rinv_0_lt_compat; repeat apply Rmult_lt_0_compat; assumption).
  assert (S : 0 <= (a * K * q - b * k * p) ^ 2 / (a * K * (b * k))) by (apply Rmult_le_pos; [apply pow2_ge_0 | lra]).
  rewrite gap. split; [lra|]. split; intros H.
  - assert (Z : (a * K * q - b * k * p) ^ 2 * / (a * K * (b * k)) = 0) by (unfold Rdiv in H; lra).
    apply Rmult_integral in Z. destruct Z as [Z|Z]; [|lra].
    assert (Z' : a * K * q = b * k * p) by nra.
    apply (Rmult_eq_reg_l (a * q * k)); [|apply Rgt_not_eq; repeat apply Rmult_lt_0_compat; assumption].
    transitivity (a * K * q); [field; lra|]. rewrite Z'. transitivity (k * (a * z * q)); [rewrite zpq|]; ring.
  - assert (HK : K = z * k) by (rewrite <- H; field; lra).
    assert (Z : a * K * q - b * k * p = 0) by (rewrite HK; transitivity (k * (a * z * q) - b * k * p); [ring | rewrite zpq; ring]).
    rewrite Z. unfold Rdiv. ring.
Qed.

Theorem crossover_budget : Crossover_budget.
Proof.
  intros c1 v1 c2 v2 D B D0 B0. split; intros H.
  - apply (Rmult_lt_reg_r D); [exact D0|]. replace ((c2 * v2 - c1 * v1) / D * D) with (c2 * v2 - c1 * v1) by (field; lra).
    apply (Rmult_lt_compat_r B) in H; [|exact B0].
    replace ((c1 * v1 / B + D) * B) with (c1 * v1 + B * D) in H by (field; lra).
    replace (c2 * v2 / B * B) with (c2 * v2) in H by (field; lra). lra.
  - apply (Rmult_lt_compat_r D) in H; [|exact D0]. replace ((c2 * v2 - c1 * v1) / D * D) with (c2 * v2 - c1 * v1) in H by (field; lra).
    apply (Rmult_lt_reg_r B); [exact B0|].
    replace ((c1 * v1 / B + D) * B) with (c1 * v1 + B * D) by (field; lra).
    replace (c2 * v2 / B * B) with (c2 * v2) by (field; lra). lra.
Qed.
