(** # Theorem 1: how to split a sample budget

Power laws are $\epsilon_{dyn}=A_dN_{dyn}^{-\alpha}$ and $\epsilon_{rew}=A_rN_{rew}^{-\beta}$ with real exponents; `Rpower x y` is $x^y$. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Desiderata.
Open Scope R_scope.

Definition ε_dyn (A_d α N_dyn : R) : R := A_d * Rpower N_dyn (- α).
Definition ε_rew (A_r β N_rew : R) : R := A_r * Rpower N_rew (- β).

(* The bound of Lemma 1 as a function of the two counts. *)
Definition bound (γ L_f L_r L_π A_d A_r α β N_dyn N_rew : R) : R :=
  ε_rew A_r β N_rew / (1 - γ) + coefficient γ L_f L_r L_π * ε_dyn A_d α N_dyn.

(* The weight of dynamics error against reward error in Eq. 4. *)
Definition weight (γ L_f L_r L_π : R) : R := γ * L_r * (1 + L_π) / (1 - γ * L_f * (1 + L_π)).

Definition Affordable (c_dyn c_rew B N_dyn N_rew : R) : Prop :=
  0 < N_dyn /\ 0 < N_rew /\ c_dyn * N_dyn + c_rew * N_rew <= B.

(* The counts minimise U over all that the budget affords: spending less is allowed. *)
Definition Minimises (U : R -> R -> R) (c_dyn c_rew B N_dyn N_rew : R) : Prop :=
  Affordable c_dyn c_rew B N_dyn N_rew /\
  forall N_dyn' N_rew', Affordable c_dyn c_rew B N_dyn' N_rew' -> U N_dyn N_rew <= U N_dyn' N_rew'.

(** @theorem-1 Optimal dynamics-to-reward sample ratio
Let $\gamma L_r>0$, $\gamma L_f(1+L_\pi)<1$, $A_d,A_r>0$ and positive exponents, prices and budget. Then the bound of Lemma 1 has a minimiser among all affordable counts, only one, it spends the whole budget, and

$$\frac{N^*_{dyn}}{N^*_{rew}}=\frac\alpha\beta\cdot\frac{\gamma L_r(1+L_\pi)}{1-\gamma L_f(1+L_\pi)}\cdot\frac{c_{rew}}{c_{dyn}}\cdot\frac{\epsilon^*_{dyn}}{\epsilon^*_{rew}}.$$

$L_f\ge0$ is not needed. Existence takes an intermediate-value argument that the paper leaves out. *)
Definition Theorem_1 : Prop :=
  forall γ L_f L_r L_π A_d A_r α β c_dyn c_rew B : R,
  0 < γ < 1 -> 0 < L_r -> 0 <= L_π -> γ * L_f * (1 + L_π) < 1 ->
  0 < A_d -> 0 < A_r -> 0 < α -> 0 < β -> 0 < c_dyn -> 0 < c_rew -> 0 < B ->
  let U := bound γ L_f L_r L_π A_d A_r α β in
  exists N_dyn N_rew : R,
    Minimises U c_dyn c_rew B N_dyn N_rew /\
    (forall N_dyn' N_rew', Minimises U c_dyn c_rew B N_dyn' N_rew' -> N_dyn' = N_dyn /\ N_rew' = N_rew) /\
    c_dyn * N_dyn + c_rew * N_rew = B /\
    N_dyn / N_rew
      = α / β * weight γ L_f L_r L_π * (c_rew / c_dyn) * (ε_dyn A_d α N_dyn / ε_rew A_r β N_rew).

(** @theorem-1 Without a dynamics term there is no minimiser
If $\gamma L_r=0$ the bound is $\epsilon_{rew}/(1-\gamma)$ alone. Every affordable pair can be improved by moving money to rewards: no minimiser with both counts positive exists. So $\gamma L_r>0$ is a hypothesis. *)
Definition No_minimiser_without_dynamics_term : Prop :=
  forall γ L_f L_π A_d A_r α β c_dyn c_rew B N_dyn N_rew : R,
  0 <= γ < 1 -> 0 < A_r -> 0 < β -> 0 < c_dyn -> 0 < c_rew ->
  ~ Minimises (bound γ L_f 0 L_π A_d A_r α β) c_dyn c_rew B N_dyn N_rew.

(** @allocation-even-split The price of an even split
Half the money for each kind of sample costs at most the factor $2^{\max(\alpha,\beta)}$ against *any* affordable counts, whatever the constants. *)
Definition Price_of_an_even_split : Prop :=
  forall γ L_f L_r L_π A_d A_r α β c_dyn c_rew B N_dyn N_rew : R,
  0 <= γ < 1 -> 0 <= L_r -> 0 <= L_π -> γ * L_f * (1 + L_π) < 1 ->
  0 <= A_d -> 0 <= A_r -> 0 < α -> 0 < β -> 0 < c_dyn -> 0 < c_rew ->
  Affordable c_dyn c_rew B N_dyn N_rew ->
  let U := bound γ L_f L_r L_π A_d A_r α β in
  U (B / (2 * c_dyn)) (B / (2 * c_rew)) <= Rpower 2 (Rmax α β) * U N_dyn N_rew.

(** ## Proofs *)

Lemma Rpower_pos x y : 0 < Rpower x y.
Proof. apply exp_pos. Qed.

(* A quotient inside a power. *)
Lemma Rpower_quotient x y a : 0 < x -> 0 < y -> Rpower x a = Rpower y a * Rpower (x / y) a.
Proof.
  intros X Y. rewrite Rpower_mult_distr; [f_equal; field; lra | exact Y | now apply Rdiv_lt_0_compat].
Qed.

(* ln x ≤ x − 1, strictly unless x = 1. *)
Lemma ln_le x : 0 < x -> ln x <= x - 1.
Proof. intros X. pose proof (exp_ineq1_le (ln x)) as H. rewrite exp_ln in H by exact X. lra. Qed.

Lemma ln_lt x : 0 < x -> x <> 1 -> ln x < x - 1.
Proof.
  intros X N. assert (ln x <> 0). { intros Z. apply N. rewrite <- (exp_ln x X), Z. apply exp_0. }
  pose proof (exp_ineq1 (ln x) H) as I. rewrite exp_ln in I by exact X. lra.
Qed.

(* The tangent of $x^{-a}$ at 1 lies below it: this is all the convexity that uniqueness needs. *)
Lemma tangent a x : 0 < a -> 0 < x -> 1 - a * (x - 1) <= Rpower x (- a).
Proof.
  intros A X. unfold Rpower. eapply Rle_trans; [|apply exp_ineq1_le]. pose proof (ln_le x X). nra.
Qed.

Lemma tangent_strict a x : 0 < a -> 0 < x -> x <> 1 -> 1 - a * (x - 1) < Rpower x (- a).
Proof.
  intros A X N. unfold Rpower. eapply Rlt_le_trans; [|apply exp_ineq1_le]. pose proof (ln_lt x X N). nra.
Qed.

Lemma Rpower_decreasing a x y : 0 < a -> 0 < x -> x < y -> Rpower y (- a) < Rpower x (- a).
Proof.
  intros A X Y. unfold Rpower. apply exp_increasing. pose proof (ln_increasing x y X Y). nra.
Qed.

Lemma Rpower_decreasing_le a x y : 0 < a -> 0 < x -> x <= y -> Rpower y (- a) <= Rpower x (- a).
Proof. intros A X [Y | ->]; [left; now apply Rpower_decreasing | apply Rle_refl]. Qed.

Section TwoPowerLaws.
  Variables C_d C_r α β c_d c_r B : R.
  Hypothesis C_d_pos : 0 < C_d.
  Hypothesis C_r_pos : 0 < C_r.
  Hypothesis α_pos : 0 < α.
  Hypothesis β_pos : 0 < β.
  Hypothesis c_d_pos : 0 < c_d.
  Hypothesis c_r_pos : 0 < c_r.

  Definition U (N_d N_r : R) : R := C_d * Rpower N_d (- α) + C_r * Rpower N_r (- β).

  (* The derivatives along the budget line balance: what the last unit of money brings is the same on both sides. *)
  Definition First_order (N_d N_r : R) : Prop :=
    α * (C_d * Rpower N_d (- α)) / (c_d * N_d) = β * (C_r * Rpower N_r (- β)) / (c_r * N_r).

  (* Counts that satisfy it and spend B beat all others, strictly. *)
  Lemma first_order_minimises N_d N_r N_d' N_r' :
    0 < N_d -> 0 < N_r -> c_d * N_d + c_r * N_r = B -> First_order N_d N_r ->
    Affordable c_d c_r B N_d' N_r' ->
    U N_d N_r <= U N_d' N_r' /\ (N_d' <> N_d \/ N_r' <> N_r -> U N_d N_r < U N_d' N_r').
  Proof.
    intros D R spend fo (D' & R' & spend'). unfold U.
    rewrite (Rpower_quotient N_d' N_d), (Rpower_quotient N_r' N_r) by assumption.
    unfold First_order in fo. set (d := C_d * Rpower N_d (- α)) in *. set (e := C_r * Rpower N_r (- β)) in *.
    assert (d0 : 0 < d) by (apply Rmult_lt_0_compat; [assumption | apply Rpower_pos]).
    assert (e0 : 0 < e) by (apply Rmult_lt_0_compat; [assumption | apply Rpower_pos]).
    rewrite <- !Rmult_assoc. fold d e. set (x := N_d' / N_d). set (y := N_r' / N_r).
    assert (X : 0 < x) by now apply Rdiv_lt_0_compat. assert (Y : 0 < y) by now apply Rdiv_lt_0_compat.
    assert (Ex : N_d' = N_d * x) by (unfold x; field; lra). assert (Ey : N_r' = N_r * y) by (unfold y; field; lra).
    set (λ := α * d / (c_d * N_d)) in *.
    assert (λ0 : 0 < λ) by (apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; assumption).
    assert (Ld : α * d = λ * (c_d * N_d)) by (unfold λ; field; lra).
    assert (Lr : β * e = λ * (c_r * N_r)) by (rewrite fo; field; lra).
    assert (money : 0 <= - (α * d * (x - 1)) - β * e * (y - 1)).
    { rewrite Ld, Lr. replace (- (λ * (c_d * N_d) * (x - 1)) - λ * (c_r * N_r) * (y - 1))
        with (λ * ((c_d * N_d + c_r * N_r) - (c_d * (N_d * x) + c_r * (N_r * y)))) by ring.
      rewrite <- Ex, <- Ey. apply Rmult_le_pos; lra. }
    pose proof (tangent α x α_pos X) as Tx. pose proof (tangent β y β_pos Y) as Ty.
    apply (Rmult_le_compat_l d) in Tx; [|lra]. apply (Rmult_le_compat_l e) in Ty; [|lra].
    split; [lra|]. intros [N | N].
    - assert (N1 : x <> 1) by (intros Z; apply N; rewrite Ex, Z; ring).
      pose proof (tangent_strict α x α_pos X N1) as S. apply (Rmult_lt_compat_l d) in S; [lra | exact d0].
    - assert (N1 : y <> 1) by (intros Z; apply N; rewrite Ey, Z; ring).
      pose proof (tangent_strict β y β_pos Y N1) as S. apply (Rmult_lt_compat_l e) in S; [lra | exact e0].
  Qed.

  (* Such counts exist. Written with N_d = e^u the condition fixes N_r = e^(k + q u), and the money spent grows continuously
     with u from almost nothing to more than B. *)
  Lemma first_order_exists : 0 < B -> exists N_d N_r, 0 < N_d /\ 0 < N_r /\ c_d * N_d + c_r * N_r = B /\ First_order N_d N_r.
  Proof.
    intros B0. set (q := (α + 1) / (β + 1)). set (k := ln (β * C_r * c_d / (α * C_d * c_r)) / (β + 1)).
    assert (q0 : 0 < q) by (apply Rdiv_lt_0_compat; lra).
    assert (arg : 0 < β * C_r * c_d / (α * C_d * c_r)).
    { apply Rdiv_lt_0_compat; repeat apply Rmult_lt_0_compat; assumption. }
    set (m := fun u => c_d * exp u + c_r * exp (k + q * u) - B).
    assert (cont : continuity m) by (unfold m; reg).
    set (hi := ln (B / c_d)). set (u1 := ln (B / (3 * c_d))). set (u2 := (ln (B / (3 * c_r)) - k) / q).
    set (lo := Rmin (hi - 1) (Rmin u1 u2)).
    assert (top : 0 < m hi).
    { unfold m, hi. rewrite exp_ln by now apply Rdiv_lt_0_compat.
      replace (c_d * (B / c_d)) with B by (field; lra). pose proof (exp_pos (k + q * ln (B / c_d))).
      assert (0 < c_r * exp (k + q * ln (B / c_d))) by now apply Rmult_lt_0_compat. lra. }
    assert (bottom : m lo < 0).
    { assert (l1 : lo <= u1) by (unfold lo; eapply Rle_trans; [apply Rmin_r | apply Rmin_l]).
      assert (l2 : lo <= u2) by (unfold lo; eapply Rle_trans; [apply Rmin_r | apply Rmin_r]).
      assert (e1 : exp lo <= B / (3 * c_d)).
      { rewrite <- (exp_ln (B / (3 * c_d))) by (apply Rdiv_lt_0_compat; lra). destruct l1 as [l1 | ->]; [left; now apply exp_increasing | apply Rle_refl]. }
      assert (e2 : exp (k + q * lo) <= B / (3 * c_r)).
      { rewrite <- (exp_ln (B / (3 * c_r))) by (apply Rdiv_lt_0_compat; lra).
        assert (l3 : k + q * lo <= ln (B / (3 * c_r))).
        { apply (Rmult_le_compat_l q) in l2; [|lra].
          replace (q * u2) with (ln (B / (3 * c_r)) - k) in l2 by (unfold u2; field; lra). lra. }
        destruct l3 as [l3 | ->]; [left; now apply exp_increasing | apply Rle_refl]. }
      apply (Rmult_le_compat_l c_d) in e1; [|lra]. apply (Rmult_le_compat_l c_r) in e2; [|lra].
      replace (c_d * (B / (3 * c_d))) with (B / 3) in e1 by (field; lra).
      replace (c_r * (B / (3 * c_r))) with (B / 3) in e2 by (field; lra). unfold m. lra. }
    assert (order : lo < hi) by (unfold lo; eapply Rle_lt_trans; [apply Rmin_l | lra]).
    destruct (IVT m lo hi cont order bottom top) as [u [_ root]]. unfold m in root.
    exists (exp u), (exp (k + q * u)). repeat split; try apply exp_pos; [lra|].
    unfold First_order, Rpower. rewrite !ln_exp.
    apply (Rmult_eq_reg_l (c_d * exp u * (c_r * exp (k + q * u)))).
    2: { repeat apply Rmult_integral_contrapositive_currified; try lra; apply Rgt_not_eq, exp_pos. }
    replace (c_d * exp u * (c_r * exp (k + q * u)) * (α * (C_d * exp (- α * u)) / (c_d * exp u)))
      with (α * C_d * c_r * (exp (k + q * u) * exp (- α * u))) by (field; split; [apply Rgt_not_eq, exp_pos | lra]).
    replace (c_d * exp u * (c_r * exp (k + q * u)) * (β * (C_r * exp (- β * (k + q * u))) / (c_r * exp (k + q * u))))
      with (β * C_r * c_d * (exp u * exp (- β * (k + q * u)))) by (field; split; [apply Rgt_not_eq, exp_pos | lra]).
    rewrite <- !exp_plus.
    replace (k + q * u + - α * u) with ((β + 1) * k + (u + - β * (k + q * u))).
    2: { unfold q. field. lra. }
    rewrite exp_plus. replace ((β + 1) * k) with (ln (β * C_r * c_d / (α * C_d * c_r))) by (unfold k; field; lra).
    rewrite exp_ln by exact arg. field. repeat split; lra.
  Qed.

  (* So "minimiser" and "balanced, with the budget spent" are the same thing. *)
  Lemma minimiser_is_first_order N_d N_r :
    Minimises U c_d c_r B N_d N_r -> 0 < N_d /\ 0 < N_r /\ c_d * N_d + c_r * N_r = B /\ First_order N_d N_r.
  Proof.
    intros [afford best].
    assert (B0 : 0 < B).
    { destruct afford as (D & R & spend). assert (0 < c_d * N_d) by now apply Rmult_lt_0_compat.
      assert (0 < c_r * N_r) by now apply Rmult_lt_0_compat. lra. }
    destruct (first_order_exists B0) as (D & R & D0 & R0 & spend & fo).
    destruct (first_order_minimises D R N_d N_r D0 R0 spend fo afford) as [_ strict].
    assert (afford' : Affordable c_d c_r B D R) by (repeat split; lra). pose proof (best D R afford') as back.
    destruct (Req_dec N_d D) as [-> | N]; [|exfalso; assert (U D R < U N_d N_r) by (apply strict; now left); lra].
    destruct (Req_dec N_r R) as [-> | N]; [|exfalso; assert (U D R < U D N_r) by (apply strict; now right); lra].
    repeat split; assumption.
  Qed.
End TwoPowerLaws.

(* The bound is such a U, with the coefficients of the proof in B.3. *)
Lemma bound_is_U γ L_f L_r L_π A_d A_r α β N_d N_r :
  bound γ L_f L_r L_π A_d A_r α β N_d N_r = U (coefficient γ L_f L_r L_π * A_d) (A_r / (1 - γ)) α β N_d N_r.
Proof. unfold bound, ε_rew, ε_dyn, U, Rdiv. ring. Qed.

Lemma Minimises_ext U V c_d c_r B N_d N_r : (forall x y, U x y = V x y) -> Minimises U c_d c_r B N_d N_r -> Minimises V c_d c_r B N_d N_r.
Proof. intros E [A M]. split; [exact A|]. intros. rewrite <- !E. now apply M. Qed.

Theorem theorem_1 : Theorem_1.
Proof.
  intros γ L_f L_r L_π A_d A_r α β c_dyn c_rew B G R P C Ad Ar α0 β0 cd cr B0 V.
  assert (C0 : 0 < coefficient γ L_f L_r L_π).
  { apply Rdiv_lt_0_compat; repeat apply Rmult_lt_0_compat; lra. }
  assert (Cd : 0 < coefficient γ L_f L_r L_π * A_d) by now apply Rmult_lt_0_compat.
  assert (Cr : 0 < A_r / (1 - γ)) by (apply Rdiv_lt_0_compat; lra).
  pose proof (bound_is_U γ L_f L_r L_π A_d A_r α β) as E.
  destruct (first_order_exists _ _ α β c_dyn c_rew B Cd Cr α0 β0 cd cr B0) as (D & S & D0 & S0 & spend & fo).
  exists D, S. split; [|split; [|split; [exact spend|]]].
  - split; [repeat split; lra|]. intros. unfold V. rewrite !E.
    now apply (first_order_minimises _ _ α β c_dyn c_rew B Cd Cr α0 β0 cd cr).
  - intros D' S' [afford best].
    destruct (first_order_minimises _ _ α β c_dyn c_rew B Cd Cr α0 β0 cd cr D S D' S' D0 S0 spend fo afford) as [_ strict].
    assert (back : V D' S' <= V D S) by (apply best; repeat split; lra). unfold V in back. rewrite !E in back.
    destruct (Req_dec D' D) as [-> | N]; [|exfalso; lapply strict; [lra | now left]].
    destruct (Req_dec S' S) as [-> | N]; [|exfalso; lapply strict; [lra | now right]]. split; reflexivity.
  - unfold First_order in fo. unfold ε_dyn, ε_rew.
    pose proof (Rpower_pos D (- α)) as p. pose proof (Rpower_pos S (- β)) as p'.
    set (x := Rpower D (- α)) in *. set (y := Rpower S (- β)) in *. clearbody x y.
    assert (W : weight γ L_f L_r L_π = (1 - γ) * coefficient γ L_f L_r L_π).
    { unfold weight, coefficient. field. split; lra. }
    rewrite W. set (K := coefficient γ L_f L_r L_π) in *. clearbody K.
    apply (Rmult_eq_reg_l (β * (A_r * y) * / (1 - γ) * / (c_rew * S) * S)).
    2: { apply Rgt_not_eq. repeat apply Rmult_lt_0_compat; try lra; apply Rinv_0_lt_compat; try lra; apply Rmult_lt_0_compat; lra. }
    transitivity (β * (A_r / (1 - γ) * y) / (c_rew * S) * D); [field; lra|].
    rewrite <- fo. field. repeat split; lra.
Qed.

Theorem no_minimiser_without_dynamics_term : No_minimiser_without_dynamics_term.
Proof.
  intros γ L_f L_π A_d A_r α β c_dyn c_rew B N_dyn N_rew G Ar β0 cd cr [(D & S & spend) best].
  set (more := N_rew + c_dyn * (N_dyn / 2) / c_rew).
  assert (gain : 0 < c_dyn * (N_dyn / 2) / c_rew) by (apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; lra | lra]).
  assert (afford : Affordable c_dyn c_rew B (N_dyn / 2) more).
  { repeat split; unfold more; try lra.
    replace (c_dyn * (N_dyn / 2) + c_rew * (N_rew + c_dyn * (N_dyn / 2) / c_rew)) with (c_dyn * N_dyn + c_rew * N_rew) by (field; lra). exact spend. }
  specialize (best _ _ afford). unfold bound, coefficient, ε_rew in best.
  assert (P : Rpower more (- β) < Rpower N_rew (- β)) by (apply Rpower_decreasing; unfold more; lra).
  apply (Rmult_lt_compat_l (A_r / (1 - γ))) in P; [|apply Rdiv_lt_0_compat; lra].
  unfold Rdiv in *. rewrite !Rmult_0_r, !Rmult_0_l in best. lra.
Qed.

(* Any affordable count is below the whole budget's; half the budget is half of that. *)
Lemma half_price a A x h : 0 < a -> 0 <= A -> 0 < x -> x <= 2 * h -> A * Rpower h (- a) <= Rpower 2 a * (A * Rpower x (- a)).
Proof.
  intros a0 A0 X H. assert (h0 : 0 < h) by lra.
  replace (Rpower 2 a * (A * Rpower x (- a))) with (A * (Rpower 2 a * Rpower x (- a))) by ring.
  apply Rmult_le_compat_l; [exact A0|].
  apply Rle_trans with (Rpower 2 a * Rpower (2 * h) (- a)).
  - rewrite <- Rpower_mult_distr, <- Rmult_assoc, <- Rpower_plus, Rplus_opp_r, Rpower_O by lra. lra.
  - apply Rmult_le_compat_l; [left; apply Rpower_pos | now apply Rpower_decreasing_le].
Qed.

Theorem price_of_an_even_split : Price_of_an_even_split.
Proof.
  intros γ L_f L_r L_π A_d A_r α β c_dyn c_rew B N_dyn N_rew G R P C Ad Ar α0 β0 cd cr (D & S & spend) V.
  unfold V. rewrite !bound_is_U. unfold U.
  assert (sd : 0 < c_dyn * N_dyn) by now apply Rmult_lt_0_compat. assert (sr : 0 < c_rew * N_rew) by now apply Rmult_lt_0_compat.
  assert (Cd : 0 <= coefficient γ L_f L_r L_π * A_d).
  { apply Rmult_le_pos; [|exact Ad]. unfold coefficient, Rdiv. apply Rmult_le_pos.
    - repeat apply Rmult_le_pos; lra.
    - left. apply Rinv_0_lt_compat, Rmult_lt_0_compat; lra. }
  assert (Cr : 0 <= A_r / (1 - γ)) by (apply Rmult_le_pos; [exact Ar | left; apply Rinv_0_lt_compat; lra]).
  assert (Hd : N_dyn <= 2 * (B / (2 * c_dyn))).
  { apply (Rmult_le_reg_l c_dyn); [exact cd|]. replace (c_dyn * (2 * (B / (2 * c_dyn)))) with B by (field; lra). lra. }
  assert (Hr : N_rew <= 2 * (B / (2 * c_rew))).
  { apply (Rmult_le_reg_l c_rew); [exact cr|]. replace (c_rew * (2 * (B / (2 * c_rew)))) with B by (field; lra). lra. }
  pose proof (half_price α _ N_dyn _ α0 Cd D Hd) as E1. pose proof (half_price β _ N_rew _ β0 Cr S Hr) as E2.
  assert (up : forall a b x, 0 <= x -> a <= b -> Rpower 2 a * x <= Rpower 2 b * x).
  { intros a b x X L. apply Rmult_le_compat_r; [exact X | apply Rle_Rpower; lra]. }
  rewrite Rmult_plus_distr_l. apply Rplus_le_compat; (eapply Rle_trans; [eassumption|]); apply up;
    try apply Rmax_l; try apply Rmax_r; apply Rmult_le_pos; try assumption; left; apply Rpower_pos.
Qed.
