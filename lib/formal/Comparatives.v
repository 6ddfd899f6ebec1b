(** # After Theorem 1: prices, horizon, Lipschitz constants

What the optimum does when a price or a constant changes. Two optima are compared; nothing is differentiated. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Desiderata Allocation.
Open Scope R_scope.

(** @theorem-1-horizon A smaller weight shifts the optimum to rewards
A smaller $\gamma$, $L_f$, $L_r$ or $L_\pi$, alone or together, never moves the optimum the other way: $N^*_{dyn}$ and the ratio $N^*_{dyn}/N^*_{rew}$ do not grow, $N^*_{rew}$ does not fall. *)
Definition Horizon_and_constants : Prop :=
  forall γ L_f L_r L_π γ' L_f' L_r' L_π' A_d A_r α β c_dyn c_rew B N_dyn N_rew N_dyn' N_rew' : R,
  0 < γ <= γ' -> γ' < 1 -> 0 <= L_f <= L_f' -> 0 < L_r <= L_r' -> 0 <= L_π <= L_π' -> γ' * L_f' * (1 + L_π') < 1 ->
  0 < A_d -> 0 < A_r -> 0 < α -> 0 < β -> 0 < c_dyn -> 0 < c_rew ->
  Minimises (bound γ L_f L_r L_π A_d A_r α β) c_dyn c_rew B N_dyn N_rew ->
  Minimises (bound γ' L_f' L_r' L_π' A_d A_r α β) c_dyn c_rew B N_dyn' N_rew' ->
  N_dyn <= N_dyn' /\ N_rew' <= N_rew /\ N_dyn / N_rew <= N_dyn' / N_rew'.

(** @theorem-1-horizon Strictly, if one of them is strictly smaller
A strictly smaller $\gamma$ is enough, or $L_r$; a strictly smaller $L_\pi$ too, and $L_f$. *)
Definition Horizon_and_constants_strict : Prop :=
  forall γ L_f L_r L_π γ' L_f' L_r' L_π' A_d A_r α β c_dyn c_rew B N_dyn N_rew N_dyn' N_rew' : R,
  0 < γ <= γ' -> γ' < 1 -> 0 <= L_f <= L_f' -> 0 < L_r <= L_r' -> 0 <= L_π <= L_π' -> γ' * L_f' * (1 + L_π') < 1 ->
  γ < γ' \/ L_f < L_f' \/ L_r < L_r' \/ L_π < L_π' ->
  0 < A_d -> 0 < A_r -> 0 < α -> 0 < β -> 0 < c_dyn -> 0 < c_rew ->
  Minimises (bound γ L_f L_r L_π A_d A_r α β) c_dyn c_rew B N_dyn N_rew ->
  Minimises (bound γ' L_f' L_r' L_π' A_d A_r α β) c_dyn c_rew B N_dyn' N_rew' ->
  N_dyn / N_rew < N_dyn' / N_rew'.

(** @theorem-1-costs Cheaper rewards, repaired
If $\beta-\alpha\le1$, a lower price of reward samples lowers $N^*_{dyn}/N^*_{rew}$. *)
Definition Cheaper_rewards : Prop :=
  forall C_d C_r α β c_dyn c_rew c_rew' B N_dyn N_rew N_dyn' N_rew' : R,
  0 < C_d -> 0 < C_r -> 0 < α -> 0 < β -> 0 < c_dyn -> 0 < c_rew' < c_rew -> β - α <= 1 ->
  Minimises (U C_d C_r α β) c_dyn c_rew B N_dyn N_rew ->
  Minimises (U C_d C_r α β) c_dyn c_rew' B N_dyn' N_rew' ->
  N_dyn' / N_rew' < N_dyn / N_rew.

(** @theorem-1-costs Cheaper dynamics samples, repaired
If $\alpha-\beta\le1$, a lower price of dynamics samples raises $N^*_{dyn}/N^*_{rew}$. *)
Definition Cheaper_dynamics : Prop :=
  forall C_d C_r α β c_dyn c_dyn' c_rew B N_dyn N_rew N_dyn' N_rew' : R,
  0 < C_d -> 0 < C_r -> 0 < α -> 0 < β -> 0 < c_dyn' < c_dyn -> 0 < c_rew -> α - β <= 1 ->
  Minimises (U C_d C_r α β) c_dyn c_rew B N_dyn N_rew ->
  Minimises (U C_d C_r α β) c_dyn' c_rew B N_dyn' N_rew' ->
  N_dyn / N_rew < N_dyn' / N_rew'.

(** @theorem-1-costs In money the direction never reverses
For all exponents: cheaper rewards move money *towards dynamics*. *)
Definition Cheaper_rewards_in_money : Prop :=
  forall C_d C_r α β c_dyn c_rew c_rew' B N_dyn N_rew N_dyn' N_rew' : R,
  0 < C_d -> 0 < C_r -> 0 < α -> 0 < β -> 0 < c_dyn -> 0 < c_rew' < c_rew ->
  Minimises (U C_d C_r α β) c_dyn c_rew B N_dyn N_rew ->
  Minimises (U C_d C_r α β) c_dyn c_rew' B N_dyn' N_rew' ->
  c_dyn * N_dyn < c_dyn * N_dyn'.

(** @theorem-1-costs The counterexample to the statement as it stands
$\alpha=1$, $\beta=3$, $C_d=28$, $C_r=64$, $c_{dyn}=28$, $B=220$: when a reward sample gets cheaper, from 192 to 75, the optimal counts go from $(1,1)$ to $(\tfrac52,2)$ and the ratio *rises* from $1$ to $\tfrac54$. *)
Definition Cheaper_rewards_reversed : Prop :=
  let V := U 28 64 1 3 in
  Minimises V 28 192 220 1 1 /\ Minimises V 28 75 220 (5 / 2) 2 /\ (5 / 2) / 2 > 1 / 1.

(** ## Proofs

Everything is read off the first-order condition, in logarithms, and the budget. *)

Lemma first_order_log C_d C_r α β c_d c_r N_d N_r :
  0 < C_d -> 0 < C_r -> 0 < α -> 0 < β -> 0 < c_d -> 0 < c_r -> 0 < N_d -> 0 < N_r ->
  First_order C_d C_r α β c_d c_r N_d N_r ->
  ln (α * C_d) - (α + 1) * ln N_d - ln c_d = ln (β * C_r) - (β + 1) * ln N_r - ln c_r.
Proof.
  intros Cd Cr α0 β0 cd cr D R fo. unfold First_order in fo.
  assert (side : forall a C c N, 0 < a -> 0 < C -> 0 < c -> 0 < N ->
    ln (a * (C * Rpower N (- a)) / (c * N)) = ln (a * C) - (a + 1) * ln N - ln c).
  { intros a C c N a0 C0 c0 N0. pose proof (Rpower_pos N (- a)) as p.
    unfold Rdiv. rewrite <- Rmult_assoc.
    rewrite ln_mult, (ln_mult (a * C)), ln_Rinv, (ln_mult c N); try assumption;
      try (apply Rmult_lt_0_compat; assumption);
      try (apply Rinv_0_lt_compat, Rmult_lt_0_compat; assumption);
      try (apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; assumption | exact p]).
    unfold Rpower. rewrite ln_exp. ring. }
  rewrite <- (side α C_d c_d N_d), <- (side β C_r c_r N_r) by assumption. now rewrite fo.
Qed.

Lemma ln_mono x y : 0 < x -> x <= y -> ln x <= ln y.
Proof. intros X [H | ->]; [left; now apply ln_increasing | apply Rle_refl]. Qed.

Lemma ln_mono_inv x y : 0 < x -> 0 < y -> ln x <= ln y -> x <= y.
Proof. intros X Y H. destruct (Rle_dec x y) as [|N]; [assumption|]. pose proof (ln_increasing y x Y). lra. Qed.

Lemma ratio_lt N_d N_r N_d' N_r' : 0 < N_d -> 0 < N_r -> 0 < N_d' -> 0 < N_r' ->
  ln N_d - ln N_r < ln N_d' - ln N_r' -> N_d / N_r < N_d' / N_r'.
Proof.
  intros D R D' R' H. apply ln_lt_inv; try now apply Rdiv_lt_0_compat.
  now rewrite !ln_div by assumption.
Qed.

Lemma U_symmetric C_d C_r α β x y : U C_d C_r α β x y = U C_r C_d β α y x.
Proof. unfold U. ring. Qed.

Lemma Minimises_swap C_d C_r α β c_d c_r B x y :
  Minimises (U C_d C_r α β) c_d c_r B x y -> Minimises (U C_r C_d β α) c_r c_d B y x.
Proof.
  intros [(X & Y & S) M]. split; [repeat split; lra|]. intros y' x' (Y' & X' & S').
  rewrite <- !(U_symmetric C_d C_r α β). apply M. repeat split; lra.
Qed.

(* Money: if the rewards take no more of it, dynamics takes no less; and in money cheaper rewards cannot take more. *)
Theorem cheaper_rewards_in_money : Cheaper_rewards_in_money.
Proof.
  intros C_d C_r α β c_d c_r c_r' B N_d N_r N_d' N_r' Cd Cr α0 β0 cd cr M M'.
  apply minimiser_is_first_order in M; try lra. apply minimiser_is_first_order in M'; try lra.
  destruct M as (D & R & spend & fo). destruct M' as (D' & R' & spend' & fo').
  apply first_order_log in fo; try lra. apply first_order_log in fo'; try lra.
  apply Rmult_lt_compat_l; [exact cd|]. destruct (Rlt_dec N_d N_d') as [|N]; [assumption|exfalso].
  assert (Δd : ln N_d' <= ln N_d) by (apply ln_mono; lra).
  assert (less : c_d * N_d' <= c_d * N_d) by (apply Rmult_le_compat_l; lra).
  assert (r : ln (c_r * N_r) <= ln (c_r' * N_r')) by (apply ln_mono; [apply Rmult_lt_0_compat|]; lra).
  rewrite !ln_mult in r by lra. pose proof (ln_increasing c_r' c_r (proj1 cr) (proj2 cr)) as cheaper.
  assert (P1 : (α + 1) * (ln N_d' - ln N_d) <= 0) by nra.
  assert (P2 : 0 < β * (ln N_r' - ln N_r)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

Theorem cheaper_rewards : Cheaper_rewards.
Proof.
  intros C_d C_r α β c_d c_r c_r' B N_d N_r N_d' N_r' Cd Cr α0 β0 cd cr gap M M'.
  apply minimiser_is_first_order in M; try lra. apply minimiser_is_first_order in M'; try lra.
  destruct M as (D & R & spend & fo). destruct M' as (D' & R' & spend' & fo').
  apply first_order_log in fo; try lra. apply first_order_log in fo'; try lra.
  apply ratio_lt; try assumption.
  pose proof (ln_increasing c_r' c_r (proj1 cr) (proj2 cr)) as cheaper.
  destruct (Rlt_dec (ln N_d' - ln N_r') (ln N_d - ln N_r)) as [|N]; [assumption|exfalso].
  destruct (Rle_dec N_r' N_r) as [less | more].
  - assert (Δr : ln N_r' <= ln N_r) by (apply ln_mono; lra).
    assert (m1 : c_r' * N_r' < c_r * N_r).
    { apply Rlt_le_trans with (c_r * N_r'); [apply Rmult_lt_compat_r; lra | apply Rmult_le_compat_l; lra]. }
    assert (m2 : c_d * N_d < c_d * N_d') by lra. apply Rmult_lt_reg_l in m2; [|exact cd].
    pose proof (ln_increasing N_d N_d' D m2) as Δd.
    assert (P1 : 0 < (α + 1) * (ln N_d' - ln N_d)) by (apply Rmult_lt_0_compat; lra).
    assert (P2 : 0 <= (β + 1) * (ln N_r - ln N_r')) by (apply Rmult_le_pos; lra). lra.
  - pose proof (ln_increasing N_r N_r' R ltac:(lra)) as Δr.
    assert (Δd : ln N_d < ln N_d') by lra.
    assert (m1 : N_d < N_d') by (apply ln_lt_inv; assumption).
    assert (m2 : c_d * N_d < c_d * N_d') by (apply Rmult_lt_compat_l; assumption).
    assert (m3 : ln (c_r' * N_r') < ln (c_r * N_r)) by (apply ln_increasing; [apply Rmult_lt_0_compat|]; lra).
    rewrite !ln_mult in m3 by lra.
    assert (P1 : (α + 1) * (ln N_r' - ln N_r) <= (α + 1) * (ln N_d' - ln N_d)) by (apply Rmult_le_compat_l; lra).
    assert (P2 : β * (ln N_r' - ln N_r) <= (α + 1) * (ln N_r' - ln N_r)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

(* The roles of the two kinds of sample are the same, so this is the same theorem. *)
Theorem cheaper_dynamics : Cheaper_dynamics.
Proof.
  intros C_d C_r α β c_d c_d' c_r B N_d N_r N_d' N_r' Cd Cr α0 β0 cd cr gap M M'.
  pose proof M as M0. pose proof M' as M0'. destruct M0 as [(D & R & _) _]. destruct M0' as [(D' & R' & _) _].
  apply Minimises_swap in M. apply Minimises_swap in M'.
  pose proof (cheaper_rewards C_r C_d β α c_r c_d c_d' B N_r N_d N_r' N_d' Cr Cd β0 α0 cr cd gap M M') as H.
  replace (N_d / N_r) with (/ (N_r / N_d)) by (field; lra). replace (N_d' / N_r') with (/ (N_r' / N_d')) by (field; lra).
  apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; now apply Rdiv_lt_0_compat | exact H].
Qed.

Theorem cheaper_rewards_reversed : Cheaper_rewards_reversed.
Proof.
  assert (power : forall x n, 0 < x -> Rpower x (- INR n) = / x ^ n).
  { intros. now rewrite Rpower_Ropp, Rpower_pow. }
  assert (p1 : forall x, 0 < x -> Rpower x (- (1)) = / x).
  { intros. rewrite <- (Rmult_1_r x) at 2. exact (power x 1%nat H). }
  assert (p3 : forall x, 0 < x -> Rpower x (- (3)) = / x ^ 3).
  { intros. rewrite <- (power x 3%nat H). f_equal. simpl. ring. }
  assert (balanced : forall c_r N_d N_r, 0 < c_r -> 0 < N_d -> 0 < N_r -> 28 * N_d + c_r * N_r = 220 ->
    1 * (28 * / N_d) / (28 * N_d) = 3 * (64 * / N_r ^ 3) / (c_r * N_r) -> Minimises (U 28 64 1 3) 28 c_r 220 N_d N_r).
  { intros c_r N_d N_r cr D R spend fo. split; [repeat split; lra|]. intros N_d' N_r' A.
    apply (first_order_minimises 28 64 1 3 28 c_r 220); try lra; try assumption.
    unfold First_order. rewrite p1, p3 by assumption. exact fo. }
  unfold Cheaper_rewards_reversed. cbv zeta. split; [apply balanced; lra|]. split; [apply balanced; lra | lra].
Qed.

(* A larger coefficient of the dynamics term, everything else equal. *)
Lemma heavier_dynamics C_d C_d' C_r α β c_d c_r B N_d N_r N_d' N_r' :
  0 < C_d < C_d' -> 0 < C_r -> 0 < α -> 0 < β -> 0 < c_d -> 0 < c_r ->
  Minimises (U C_d C_r α β) c_d c_r B N_d N_r -> Minimises (U C_d' C_r α β) c_d c_r B N_d' N_r' ->
  N_d < N_d' /\ N_r' < N_r.
Proof.
  intros Cd Cr α0 β0 cd cr M M'.
  apply minimiser_is_first_order in M; try lra. apply minimiser_is_first_order in M'; try lra.
  destruct M as (D & R & spend & fo). destruct M' as (D' & R' & spend' & fo').
  apply first_order_log in fo; try lra. apply first_order_log in fo'; try lra.
  rewrite (ln_mult α C_d) in fo by lra. rewrite (ln_mult α C_d') in fo' by lra.
  pose proof (ln_increasing C_d C_d' (proj1 Cd) (proj2 Cd)) as heavier.
  assert (m : N_d < N_d').
  { destruct (Rlt_dec N_d N_d') as [|N]; [assumption|exfalso].
    assert (less : c_d * N_d' <= c_d * N_d) by (apply Rmult_le_compat_l; lra).
    assert (more : c_r * N_r <= c_r * N_r') by lra. apply Rmult_le_reg_l in more; [|exact cr].
    pose proof (ln_mono N_r N_r' R more) as l1. assert (l2 : ln N_d' <= ln N_d) by (apply ln_mono; lra).
    assert (P1 : 0 <= (α + 1) * (ln N_d - ln N_d')) by (apply Rmult_le_pos; lra).
    assert (P2 : 0 <= (β + 1) * (ln N_r' - ln N_r)) by (apply Rmult_le_pos; lra). lra. }
  split; [exact m|]. apply (Rmult_lt_compat_l c_d) in m; [|exact cd].
  apply (Rmult_lt_reg_l c_r); [exact cr | lra].
Qed.

(* The optimum of the bound is the optimum with coefficients weight · A_d and A_r: multiply by 1 − γ. *)
Lemma Minimises_weight γ L_f L_r L_π A_d A_r α β c_d c_r B N_d N_r : γ < 1 -> γ * L_f * (1 + L_π) < 1 ->
  Minimises (bound γ L_f L_r L_π A_d A_r α β) c_d c_r B N_d N_r ->
  Minimises (U (weight γ L_f L_r L_π * A_d) A_r α β) c_d c_r B N_d N_r.
Proof.
  intros G C [A M]. split; [exact A|].
  assert (E : forall x y, U (weight γ L_f L_r L_π * A_d) A_r α β x y = (1 - γ) * bound γ L_f L_r L_π A_d A_r α β x y).
  { intros. unfold U, bound, weight, coefficient, ε_dyn, ε_rew. field. lra. }
  intros. rewrite !E. apply Rmult_le_compat_l; [lra | now apply M].
Qed.

Lemma weight_pos γ L_f L_r L_π : 0 < γ -> 0 < L_r -> 0 <= L_π -> γ * L_f * (1 + L_π) < 1 -> 0 < weight γ L_f L_r L_π.
Proof. intros. apply Rdiv_lt_0_compat; [repeat apply Rmult_lt_0_compat|]; lra. Qed.

Lemma weight_le γ L_f L_r L_π γ' L_f' L_r' L_π' :
  0 < γ <= γ' -> 0 <= L_f <= L_f' -> 0 < L_r <= L_r' -> 0 <= L_π <= L_π' -> γ' * L_f' * (1 + L_π') < 1 ->
  γ * L_f * (1 + L_π) <= γ' * L_f' * (1 + L_π') /\ weight γ L_f L_r L_π <= weight γ' L_f' L_r' L_π'.
Proof.
  intros G F R P C.
  assert (a : γ * L_f <= γ' * L_f') by (apply product_le; lra). assert (0 <= γ * L_f) by (apply Rmult_le_pos; lra).
  assert (b : γ * L_f * (1 + L_π) <= γ' * L_f' * (1 + L_π')) by (apply product_le; lra).
  assert (c : γ * L_r <= γ' * L_r') by (apply product_le; lra). assert (0 < γ * L_r) by (apply Rmult_lt_0_compat; lra).
  assert (d : γ * L_r * (1 + L_π) <= γ' * L_r' * (1 + L_π')) by (apply product_le; lra).
  split; [exact b|]. apply quotient_le; [|lra]. split; [apply Rmult_le_pos; lra | exact d].
Qed.

Lemma weight_lt γ L_f L_r L_π γ' L_f' L_r' L_π' :
  0 < γ <= γ' -> 0 <= L_f <= L_f' -> 0 < L_r <= L_r' -> 0 <= L_π <= L_π' -> γ' * L_f' * (1 + L_π') < 1 ->
  γ < γ' \/ L_f < L_f' \/ L_r < L_r' \/ L_π < L_π' -> weight γ L_f L_r L_π < weight γ' L_f' L_r' L_π'.
Proof.
  intros G F R P C D.
  assert (a : γ * L_f <= γ' * L_f') by (apply product_le; lra). assert (0 <= γ * L_f) by (apply Rmult_le_pos; lra).
  assert (b : γ * L_f * (1 + L_π) <= γ' * L_f' * (1 + L_π')) by (apply product_le; lra).
  assert (c : γ * L_r <= γ' * L_r') by (apply product_le; lra). assert (0 < γ * L_r) by (apply Rmult_lt_0_compat; lra).
  assert (d : γ * L_r * (1 + L_π) <= γ' * L_r' * (1 + L_π')) by (apply product_le; lra).
  assert (n0 : 0 < γ * L_r * (1 + L_π)) by (apply Rmult_lt_0_compat; lra).
  destruct D as [D | [D | [D | D]]].
  - assert (γ * L_r < γ' * L_r') by (apply product_lt; lra).
    assert (γ * L_r * (1 + L_π) < γ' * L_r' * (1 + L_π')) by (apply product_lt; lra). apply quotient_lt; lra.
  - assert (γ * L_f < γ' * L_f') by (rewrite (Rmult_comm γ), (Rmult_comm γ'); apply product_lt; lra).
    assert (γ * L_f * (1 + L_π) < γ' * L_f' * (1 + L_π')) by (apply product_lt; lra). apply quotient_lt; lra.
  - assert (γ * L_r < γ' * L_r') by (apply product_lt; lra).
    assert (γ * L_r * (1 + L_π) < γ' * L_r' * (1 + L_π')) by (apply product_lt; lra). apply quotient_lt; lra.
  - assert (γ * L_r * (1 + L_π) < γ' * L_r' * (1 + L_π')) by (apply product_lt; lra). apply quotient_lt; lra.
Qed.

Lemma ratio_le N_d N_r N_d' N_r' : 0 < N_d -> 0 < N_r' -> N_d <= N_d' -> N_r' <= N_r -> N_d / N_r <= N_d' / N_r'.
Proof. intros. apply quotient_le; lra. Qed.

Theorem horizon_and_constants_strict : Horizon_and_constants_strict.
Proof.
  intros γ L_f L_r L_π γ' L_f' L_r' L_π' A_d A_r α β c_d c_r B N_d N_r N_d' N_r' G G1 F R P C D Ad Ar α0 β0 cd cr M M'.
  destruct (weight_le _ _ _ _ _ _ _ _ G F R P C) as [C' _].
  pose proof (weight_lt _ _ _ _ _ _ _ _ G F R P C D) as W.
  assert (W0 : 0 < weight γ L_f L_r L_π) by (apply weight_pos; lra).
  apply Minimises_weight in M; try lra. apply Minimises_weight in M'; try lra.
  assert (Cd : 0 < weight γ L_f L_r L_π * A_d < weight γ' L_f' L_r' L_π' * A_d).
  { split; [now apply Rmult_lt_0_compat | now apply Rmult_lt_compat_r]. }
  destruct (heavier_dynamics _ _ A_r α β c_d c_r B N_d N_r N_d' N_r' Cd Ar α0 β0 cd cr M M') as [d r].
  destruct M as [(X & Y & _) _]. destruct M' as [(X' & Y' & _) _]. apply quotient_lt; lra.
Qed.

Theorem horizon_and_constants : Horizon_and_constants.
Proof.
  intros γ L_f L_r L_π γ' L_f' L_r' L_π' A_d A_r α β c_d c_r B N_d N_r N_d' N_r' G G1 F R P C Ad Ar α0 β0 cd cr M M'.
  destruct (weight_le _ _ _ _ _ _ _ _ G F R P C) as [C' W].
  assert (W0 : 0 < weight γ L_f L_r L_π) by (apply weight_pos; lra).
  apply Minimises_weight in M; try lra. apply Minimises_weight in M'; try lra.
  assert (goal : N_d <= N_d' /\ N_r' <= N_r).
  { destruct W as [W | W].
    - assert (Cd : 0 < weight γ L_f L_r L_π * A_d < weight γ' L_f' L_r' L_π' * A_d).
      { split; [now apply Rmult_lt_0_compat | now apply Rmult_lt_compat_r]. }
      destruct (heavier_dynamics _ _ A_r α β c_d c_r B N_d N_r N_d' N_r' Cd Ar α0 β0 cd cr M M'). lra.
    - rewrite <- W in M'. assert (Cd : 0 < weight γ L_f L_r L_π * A_d) by now apply Rmult_lt_0_compat.
      pose proof M as Best. apply minimiser_is_first_order in Best; try assumption.
      destruct Best as (D & S & spend & fo). destruct M as [afford best]. destruct M' as [afford' best'].
      destruct (first_order_minimises _ _ α β c_d c_r B Cd Ar α0 β0 cd cr N_d N_r N_d' N_r' D S spend fo afford') as [_ strict].
      pose proof (best' _ _ afford) as back.
      destruct (Req_dec N_d' N_d) as [-> | N]; [|exfalso; lapply strict; [lra | now left]].
      destruct (Req_dec N_r' N_r) as [-> | N]; [|exfalso; lapply strict; [lra | now right]]. lra. }
  destruct goal as [d r]. destruct M as [(X & _ & _) _]. destruct M' as [(_ & Y' & _) _].
  split; [exact d|]. split; [exact r|]. apply ratio_le; assumption.
Qed.
