(** # Corollary 2: fidelity per annotation

$\sigma^2(c)$ is the noise of a label bought at cost $c$ per rollout; a budget $B$ buys $K=B/c$ rollouts. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Allocation.
Open Scope R_scope.

(* c minimises g over the admissible costs. *)
Definition Argmin (admissible : R -> Prop) (g : R -> R) (c : R) : Prop :=
  admissible c /\ forall c', admissible c' -> g c <= g c'.

(* The noise term of Theorem 2 with K rollouts. *)
Definition noise_term (σ2 H W2 K γ : R) : R := σ2 * H * W2 / (K * (1 - γ) ^ 2).

Definition Φ (σ2 : R -> R) (c : R) : R := c * σ2 c.

(** @corollary-2 The noise term and Φ have the same minimisers
If $H>0$ and $W_H^2>0$: over any set of admissible costs $c>0$, the minimisers of the noise term with $K=B/c$ are exactly the minimisers of $\Phi(c)=c\,\sigma^2(c)$. *)
Definition Corollary_2 : Prop :=
  forall (σ2 : R -> R) (admissible : R -> Prop) (B H W2 γ c : R),
  0 < B -> 0 < H -> 0 < W2 -> γ < 1 -> (forall c, admissible c -> 0 < c) ->
  (Argmin admissible (fun c => noise_term (σ2 c) H W2 (B / c) γ) c <-> Argmin admissible (Φ σ2) c).

(** @corollary-2 A non-negative prefactor is not enough
With $W_H=0$ every cost minimises the noise term, while $\Phi(c)=c\cdot1$ on $[1,2]$ has one minimiser. *)
Definition Zero_score_breaks_Corollary_2 : Prop :=
  exists (σ2 : R -> R) (admissible : R -> Prop) (B H γ c : R),
  0 < B /\ 0 < H /\ γ < 1 /\ (forall c, admissible c -> 0 < c) /\
  Argmin admissible (fun c => noise_term (σ2 c) H 0 (B / c) γ) c /\ ~ Argmin admissible (Φ σ2) c.

(** @corollary-2 A minimiser exists if σ² is continuous on a compact interval *)
Definition Corollary_2_existence : Prop :=
  forall (σ2 : R -> R) (c_min c_max : R),
  0 < c_min <= c_max -> (forall c, c_min <= c <= c_max -> continuity_pt σ2 c) ->
  exists c, Argmin (fun c => c_min <= c <= c_max) (Φ σ2) c.

(** @corollary-2 Measurable is not enough for one
$\sigma^2(1)=3$ and $\sigma^2(c)=(1+c)/c$ on $(1,2]$: $\Phi$ comes near 2 and does not reach it. *)
Definition No_minimiser_for_a_jump : Prop :=
  let σ2 := fun c => if Req_EM_T c 1 then 3 else (1 + c) / c in
  forall c, ~ Argmin (fun c => 1 <= c <= 2) (Φ σ2) c.

(** @corollary-2 Whole rollouts: the advice can be beaten
$\sigma^2(c)=c^{-2}$, $c\le1$, $B=1.9$. $\Phi$ decreases, so the corollary says $c=1$; that buys one rollout and leaves variance 1. Two rollouts at $c=0.95$ cost 1.9 and leave less than 0.555. *)
Definition Whole_rollouts_beat_the_advice : Prop :=
  let σ2 := fun c : R => / c ^ 2 in
  (forall c, Argmin (fun c => 0 < c <= 1) (Φ σ2) c <-> c = 1) /\
  1 * 1 <= 19 / 10 /\ ~ 2 * 1 <= 19 / 10 /\ 2 * (19 / 20) <= 19 / 10 /\
  σ2 (19 / 20) / 2 < 555 / 1000 /\ 555 / 1000 < σ2 1 / 1.

(** @corollary-2-power Power law
$\sigma^2=Ac^{-p}$: $\Phi$ strictly decreases for $p>1$, is the constant $A$ for $p=1$, strictly increases for $p<1$. *)
Definition Power_law_fidelity : Prop :=
  forall A p : R, 0 < A ->
  let Φ := Φ (fun c => A * Rpower c (- p)) in
  (1 < p -> forall c c', 0 < c < c' -> Φ c' < Φ c) /\
  (p = 1 -> forall c, 0 < c -> Φ c = A) /\
  (p < 1 -> forall c c', 0 < c < c' -> Φ c < Φ c').

(** @corollary-2-power What "minimise" then means
On $(0,\infty)$ nothing minimises if $p\ne1$. On an interval $[c_{min},c_{max}]$ the minimiser is $c_{max}$ alone for $p>1$ and $c_{min}$ alone for $p<1$. *)
Definition Power_law_minimisers : Prop :=
  forall A p c_min c_max : R, 0 < A -> 0 < c_min <= c_max ->
  let Φ := Φ (fun c => A * Rpower c (- p)) in
  (p <> 1 -> forall c, ~ Argmin (fun c => 0 < c) Φ c) /\
  (1 < p -> forall c, Argmin (fun c => c_min <= c <= c_max) Φ c <-> c = c_max) /\
  (p < 1 -> forall c, Argmin (fun c => c_min <= c <= c_max) Φ c <-> c = c_min).

(** @corollary-2-power With the rollouts' own variance, p > 1 has a finite optimum
The variance is $\frac cB(V_1+Q\sigma^2(c))$. For $\sigma^2=Ac^{-p}$, $p>1$ and $V_1>0$ its only minimiser on $(0,\infty)$ is $c^*$ with $V_1c^{*p}=(p-1)QA$; paying more is worse. *)
Definition Power_law_total_variance : Prop :=
  forall A p V_1 Q c : R, 0 < A -> 1 < p -> 0 < V_1 -> 0 < Q ->
  let Ψ := fun c => c * (V_1 + Q * (A * Rpower c (- p))) in
  let best := Rpower ((p - 1) * Q * A / V_1) (/ p) in
  Argmin (fun c => 0 < c) Ψ c <-> c = best.

(** @corollary-2-bounded Bounded fidelity, repaired
$\sigma^2=\sigma_0^2(1-c/c_{max})$ on $(0,c_{max}]$: $\Phi$ is largest at $c_{max}/2$ alone, and the *only* minimiser is $c_{max}$. *)
Definition Bounded_fidelity : Prop :=
  forall σ2_0 c_max c : R, 0 < σ2_0 -> 0 < c_max -> 0 < c <= c_max ->
  let Φ := Φ (fun c => σ2_0 * (1 - c / c_max)) in
  (Φ c <= Φ (c_max / 2)) /\ (Φ c = Φ (c_max / 2) -> c = c_max / 2) /\
  (Argmin (fun c => 0 < c <= c_max) Φ c <-> c = c_max).

(** @corollary-2-bounded "Both extremes minimise" is false
No cost below $c_{max}$ minimises, however small. *)
Definition Cheap_extreme_does_not_minimise : Prop :=
  forall σ2_0 c_max c : R, 0 < σ2_0 -> 0 < c < c_max ->
  ~ Argmin (fun c => 0 < c <= c_max) (Φ (fun c => σ2_0 * (1 - c / c_max))) c.

(** @corollary-2-bounded With the rollouts' own variance perfect labels lose
$V_1=\tfrac12$, $Q=\sigma_0^2=c_{max}=1$: the variance is $0.5$ at $c_{max}$ and below $0.0015$ at $c=0.001$ (times $1/B$). *)
Definition Perfect_labels_lose : Prop :=
  let Ψ := fun c : R => c * (1 / 2 + 1 * (1 * (1 - c / 1))) in
  Ψ (1 / 1000) < 15 / 10000 /\ Ψ 1 = 1 / 2.

(** @corollary-2-floor Irreducible noise
$\sigma^2=\sigma_f^2+A/c$: $\Phi$ strictly increases; on $[c_{min},c_{max}]$ the cheapest labels alone minimise; on $(0,\infty)$ nothing does. *)
Definition Floor_fidelity : Prop :=
  forall σ2_f A c_min c_max : R, 0 < σ2_f -> 0 < A -> 0 < c_min <= c_max ->
  let Φ := Φ (fun c => σ2_f + A / c) in
  (forall c c', 0 < c < c' -> Φ c < Φ c') /\
  (forall c, Argmin (fun c => c_min <= c <= c_max) Φ c <-> c = c_min) /\
  (forall c, ~ Argmin (fun c => 0 < c) Φ c).

(** ## Proofs *)

Theorem corollary_2 : Corollary_2.
Proof.
  intros σ2 admissible B H W2 γ c B0 H0 W0 G pos.
  assert (E : forall x, admissible x -> noise_term (σ2 x) H W2 (B / x) γ = H * W2 / (B * (1 - γ) ^ 2) * Φ σ2 x).
  { intros x X. apply pos in X. unfold noise_term, Φ. field. lra. }
  assert (P : 0 < H * W2 / (B * (1 - γ) ^ 2)).
  { apply Rdiv_lt_0_compat; [now apply Rmult_lt_0_compat|]. apply Rmult_lt_0_compat; [exact B0|]. apply pow_lt. lra. }
  split; intros [A M]; (split; [exact A|]); intros c' A'.
  - apply (Rmult_le_reg_l (H * W2 / (B * (1 - γ) ^ 2))); [exact P|]. rewrite <- !E by assumption. now apply M.
  - rewrite !E by assumption. apply Rmult_le_compat_l; [lra | now apply M].
Qed.

Theorem zero_score_breaks_corollary_2 : Zero_score_breaks_Corollary_2.
Proof.
  exists (fun _ => 1), (fun c => 1 <= c <= 2), 1, 1, 0, 2. repeat split; try lra.
  - intros c C. lra.
  - intros c' _. unfold noise_term, Rdiv. rewrite !Rmult_0_r, !Rmult_0_l. lra.
  - intros [_ M]. specialize (M 1 ltac:(lra)). unfold Φ in M. lra.
Qed.

Theorem corollary_2_existence : Corollary_2_existence.
Proof.
  intros σ2 a b H C.
  destruct (continuity_ab_min (Φ σ2) a b (proj2 H)) as [c [M R]].
  - intros c Hc. apply (continuity_pt_mult (fun c => c) σ2); [apply derivable_continuous_pt, derivable_pt_id | now apply C].
  - exists c. split; [exact R | exact M].
Qed.

Theorem no_minimiser_for_a_jump : No_minimiser_for_a_jump.
Proof.
  red. intros σ2 c [[C1 C2] M].
  assert (off : forall x, 1 < x -> Φ σ2 x = 1 + x).
  { intros x X. unfold Φ, σ2. destruct (Req_EM_T x 1); [lra|]. field. lra. }
  destruct (Rle_lt_or_eq_dec 1 c C1) as [N | <-]; [|].
  2: specialize (M (3 / 2) ltac:(lra)). 2: rewrite (off (3 / 2)) in M by lra. 2: unfold Φ, σ2 in M; destruct (Req_EM_T 1 1); lra.
  specialize (M ((1 + c) / 2) ltac:(lra)). rewrite !off in M by lra. lra.
Qed.

(* Strict monotonicity decides every minimiser. *)
Lemma argmin_decreasing g a b : a <= b -> (forall x y, a <= x < y -> y <= b -> g y < g x) ->
  forall c, Argmin (fun c => a <= c <= b) g c <-> c = b.
Proof.
  intros H D c. split; [intros [R M]|intros ->].
  - destruct (Rlt_dec c b) as [N|]; [exfalso|lra].
    specialize (M b ltac:(lra)). specialize (D c b ltac:(lra) ltac:(lra)). lra.
  - split; [lra|]. intros c' R. destruct (Rlt_dec c' b) as [N|]; [left; apply D; lra | right; f_equal; lra].
Qed.

Lemma argmin_increasing g a b : a <= b -> (forall x y, a <= x < y -> y <= b -> g x < g y) ->
  forall c, Argmin (fun c => a <= c <= b) g c <-> c = a.
Proof.
  intros H D c. split; [intros [R M]|intros ->].
  - destruct (Rlt_dec a c) as [N|]; [exfalso|lra].
    specialize (M a ltac:(lra)). specialize (D a c ltac:(lra) ltac:(lra)). lra.
  - split; [lra|]. intros c' R. destruct (Rlt_dec a c') as [N|]; [left; apply D; lra | right; f_equal; lra].
Qed.

Lemma Φ_power A p c : 0 < c -> Φ (fun c => A * Rpower c (- p)) c = A * Rpower c (1 - p).
Proof.
  intros C. unfold Φ. replace (1 - p) with (1 + - p) by ring. rewrite Rpower_plus, Rpower_1 by exact C. ring.
Qed.

Theorem power_law_fidelity : Power_law_fidelity.
Proof.
  intros A p A0 F. unfold F. repeat split.
  - intros P c c' C. rewrite !Φ_power by lra. apply Rmult_lt_compat_l; [exact A0|].
    replace (1 - p) with (- (p - 1)) by ring. apply Rpower_decreasing; lra.
  - intros -> c C. rewrite Φ_power by exact C. rewrite Rminus_eq_0, Rpower_O by exact C. ring.
  - intros P c c' C. rewrite !Φ_power by lra. apply Rmult_lt_compat_l; [exact A0|].
    unfold Rpower. apply exp_increasing. apply Rmult_lt_compat_l; [lra|]. apply ln_increasing; lra.
Qed.

Theorem power_law_minimisers : Power_law_minimisers.
Proof.
  intros A p a b A0 H F. destruct (power_law_fidelity A p A0) as (down & _ & up). fold F in down, up. split; [|split].
  - intros N c [C M]. destruct (Rdichotomy p 1 N) as [P | P]; [|apply Rgt_lt in P].
    2: { specialize (M (c + 1) ltac:(lra)). specialize (down P c (c + 1) ltac:(lra)). lra. }
    specialize (M (c / 2) ltac:(lra)). specialize (up P (c / 2) c ltac:(lra)). lra.
  - intros P. apply argmin_decreasing; [lra|]. intros. apply down; lra.
  - intros P. apply argmin_increasing; [lra|]. intros. apply up; lra.
Qed.

(* The tangent of $c^{1-p}$ again: below the curve, and at c* it cancels the linear part. *)
Theorem power_law_total_variance : Power_law_total_variance.
Proof.
  intros A p V Q c A0 P V0 Q0 Ψ b.
  assert (arg : 0 < (p - 1) * Q * A / V) by (apply Rdiv_lt_0_compat; [repeat apply Rmult_lt_0_compat|]; lra).
  assert (b0 : 0 < b) by apply Rpower_pos.
  assert (bp : Rpower b p = (p - 1) * Q * A / V) by (unfold b; rewrite Rpower_mult, Rinv_l, Rpower_1; lra).
  assert (form : forall x, 0 < x -> Ψ x = V * x + Q * A * Rpower x (- (p - 1))).
  { intros x X. unfold Ψ. replace (- (p - 1)) with (1 + - p) by ring. rewrite Rpower_plus, Rpower_1 by exact X. ring. }
  assert (balance : V * b = (p - 1) * (Q * A * Rpower b (- (p - 1)))).
  { replace (V * b) with (V * Rpower b p * Rpower b (- (p - 1))).
    - rewrite bp. field. lra.
    - rewrite Rmult_assoc, <- Rpower_plus. replace (p + - (p - 1)) with 1 by ring. now rewrite Rpower_1. }
  assert (R0 : 0 < Q * A * Rpower b (- (p - 1))) by (repeat apply Rmult_lt_0_compat; try assumption; apply Rpower_pos).
  assert (best : forall x, 0 < x -> Ψ b <= Ψ x /\ (x <> b -> Ψ b < Ψ x)).
  { intros x X. rewrite !form by assumption. rewrite (Rpower_quotient x b) by assumption.
    set (y := x / b). assert (Y : 0 < y) by now apply Rdiv_lt_0_compat. assert (Ex : x = b * y) by (unfold y; field; lra).
    set (q := Q * A * Rpower b (- (p - 1))) in *.
    replace (Q * A * (Rpower b (- (p - 1)) * Rpower y (- (p - 1)))) with (q * Rpower y (- (p - 1))) by (unfold q; ring).
    replace (V * x) with ((p - 1) * q * y) by (rewrite <- balance, Ex; ring). rewrite balance.
    split.
    - pose proof (tangent (p - 1) y ltac:(lra) Y) as T. apply (Rmult_le_compat_l q) in T; lra.
    - intros N. assert (y <> 1) by (intros Z; apply N; rewrite Ex, Z; ring).
      pose proof (tangent_strict (p - 1) y ltac:(lra) Y H) as T. apply (Rmult_lt_compat_l q) in T; lra. }
  split; [intros [C M]|intros ->].
  - destruct (Req_dec c b) as [|N]; [assumption|exfalso]. pose proof (M b b0). pose proof (proj2 (best c C) N). lra.
  - split; [exact b0|]. intros c' C'. now apply best.
Qed.

Lemma bounded_form s m c : 0 < m -> Φ (fun c => s * (1 - c / m)) c = s / m * (c * (m - c)).
Proof. intros. unfold Φ. field. lra. Qed.

Theorem cheap_extreme_does_not_minimise : Cheap_extreme_does_not_minimise.
Proof.
  intros s m c S C [_ M]. specialize (M m ltac:(lra)). rewrite !bounded_form in M by lra.
  assert (0 < s / m) by (apply Rdiv_lt_0_compat; lra).
  assert (0 < s / m * (c * (m - c))) by (apply Rmult_lt_0_compat; [lra | apply Rmult_lt_0_compat; lra]).
  rewrite Rminus_eq_0, !Rmult_0_r in M. lra.
Qed.

Theorem bounded_fidelity : Bounded_fidelity.
Proof.
  intros s m c S M0 C F. unfold F. assert (k : 0 < s / m) by (apply Rdiv_lt_0_compat; lra).
  rewrite !bounded_form by lra. repeat split.
  - apply Rmult_le_compat_l; [lra|]. pose proof (pow2_ge_0 (c - m / 2)). lra.
  - intros E. apply Rmult_eq_reg_l in E; [|lra]. assert (Z : (c - m / 2) * (c - m / 2) = 0) by lra.
    apply Rmult_integral in Z. lra.
  - intros A. destruct (Rlt_dec c m) as [N|]; [exfalso|lra].
    apply (cheap_extreme_does_not_minimise s m c S ltac:(lra) A).
  - lra.
  - lra.
  - intros c' C'. subst c. rewrite !bounded_form by lra. apply Rmult_le_compat_l; [lra|].
    assert (0 <= c' * (m - c')) by (apply Rmult_le_pos; lra). lra.
Qed.

Theorem perfect_labels_lose : Perfect_labels_lose.
Proof. red. intros Ψ. unfold Ψ. split; lra. Qed.

Theorem floor_fidelity : Floor_fidelity.
Proof.
  intros f A a b F0 A0 H F.
  assert (form : forall c, 0 < c -> F c = f * c + A) by (intros c C; unfold F, Φ; field; lra).
  assert (up : forall c c', 0 < c < c' -> F c < F c').
  { intros c c' C. rewrite !form by lra. apply Rplus_lt_compat_r, Rmult_lt_compat_l; lra. }
  split; [exact up|]. split.
  - apply argmin_increasing; [lra|]. intros. apply up; lra.
  - intros c [C M]. specialize (M (c / 2) ltac:(lra)). specialize (up (c / 2) c ltac:(lra)). lra.
Qed.

Theorem whole_rollouts_beat_the_advice : Whole_rollouts_beat_the_advice.
Proof.
  red. intros σ2. assert (form : forall c, 0 < c -> Φ σ2 c = / c) by (intros; unfold Φ, σ2; field; lra).
  split; [|unfold σ2; repeat split; lra]. intros c. split; [intros [C M]|intros ->].
  - destruct (Rlt_dec c 1) as [N|]; [exfalso|lra]. specialize (M 1 ltac:(lra)).
    rewrite !form in M by lra. assert (/ 1 < / c) by (apply Rinv_lt_contravar; lra). lra.
  - split; [lra|]. intros c' C'. rewrite !form by lra. apply Rinv_le_contravar; lra.
Qed.
