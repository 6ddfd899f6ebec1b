(** # Corollary 1: lower constants, lower coefficient *)
From Coq Require Import Reals Lra Lia.
From Imagination Require Import Sums.
Open Scope R_scope.

Definition coefficient (γ L_f L_r L_π : R) : R :=
  γ * L_r * (1 + L_π) / ((1 - γ) * (1 - γ * L_f * (1 + L_π))).

(** @corollary-1 Lipschitz constants control the dynamics-error coefficient
While $\gamma L_f(1+L_\pi)<1$ the coefficient $C=\gamma L_r(1+L_\pi)\big/\big((1-\gamma)(1-\gamma L_f(1+L_\pi))\big)$ does not decrease when any of $L_f$, $L_r$, $L_\pi$ grows, alone or together.
The contraction is asked of the larger constants only. *)
Definition Corollary_1 : Prop :=
  forall γ L_f L_r L_π L_f' L_r' L_π' : R,
  0 <= γ < 1 -> 0 <= L_f <= L_f' -> 0 <= L_r <= L_r' -> 0 <= L_π <= L_π' ->
  γ * L_f' * (1 + L_π') < 1 ->
  coefficient γ L_f L_r L_π <= coefficient γ L_f' L_r' L_π'.

(** @corollary-1 When the coefficient really grows
It grows strictly with $L_r$ if $\gamma>0$, and with $L_f$ or $L_\pi$ if $\gamma L_r>0$. *)
Definition Corollary_1_strict : Prop :=
  forall γ L_f L_r L_π L_f' L_r' L_π' : R,
  0 < γ < 1 -> 0 <= L_f <= L_f' -> 0 <= L_r <= L_r' -> 0 <= L_π <= L_π' ->
  γ * L_f' * (1 + L_π') < 1 ->
  L_r < L_r' \/ 0 < L_r /\ (L_f < L_f' \/ L_π < L_π') ->
  coefficient γ L_f L_r L_π < coefficient γ L_f' L_r' L_π'.

(** ## Proofs *)

(* A quotient grows with its numerator and against its denominator. *)
Lemma quotient_le a b x y : 0 <= a <= b -> 0 < y <= x -> a / x <= b / y.
Proof.
  intros A B. unfold Rdiv. apply Rmult_le_compat; try lra.
  - left. apply Rinv_0_lt_compat. lra.
  - apply Rinv_le_contravar; lra.
Qed.

Lemma quotient_lt a b x y : 0 <= a -> 0 < b -> a < b /\ 0 < y <= x \/ a <= b /\ 0 < y < x -> a / x < b / y.
Proof.
  intros A P [[H Y]|[H Y]].
  - apply Rlt_le_trans with (b / x); [apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat|]; lra | apply quotient_le; lra].
  - apply Rle_lt_trans with (b / x); [apply quotient_le; lra|].
    apply Rmult_lt_compat_l; [lra|]. apply Rinv_lt_contravar; [apply Rmult_lt_0_compat|]; lra.
Qed.

Lemma product_le a b x y : 0 <= a <= b -> 0 <= x <= y -> a * x <= b * y.
Proof. intros. apply Rmult_le_compat; lra. Qed.

Lemma product_lt a b x y : 0 <= a -> 0 < x -> a < b /\ x <= y \/ 0 < a <= b /\ x < y -> a * x < b * y.
Proof.
  intros A X [[H Y]|[H Y]].
  - apply Rlt_le_trans with (b * x); [apply Rmult_lt_compat_r; lra | apply Rmult_le_compat_l; lra].
  - apply Rlt_le_trans with (a * y); [apply Rmult_lt_compat_l; lra | apply Rmult_le_compat_r; lra].
Qed.

(* Write C with numerator γκ and denominator (1 − γ)(1 − γΛ): each factor moves in a known direction. *)
Lemma coefficient_form γ L_f L_r L_π :
  coefficient γ L_f L_r L_π = γ * (L_r * (1 + L_π)) / ((1 - γ) * (1 - γ * (L_f * (1 + L_π)))).
Proof. unfold coefficient. now rewrite !Rmult_assoc. Qed.

Theorem corollary_1 : Corollary_1.
Proof.
  intros γ L_f L_r L_π L_f' L_r' L_π' G F R P C. rewrite !coefficient_form.
  assert (κ : L_r * (1 + L_π) <= L_r' * (1 + L_π')) by (apply product_le; lra).
  assert (Λ : L_f * (1 + L_π) <= L_f' * (1 + L_π')) by (apply product_le; lra).
  assert (0 <= L_r * (1 + L_π)) by (apply Rmult_le_pos; lra).
  apply (Rmult_le_compat_l γ) in κ; [|lra]. apply (Rmult_le_compat_l γ) in Λ; [|lra].
  apply quotient_le; split; try assumption.
  - apply Rmult_le_pos; lra.
  - apply Rmult_lt_0_compat; lra.
  - apply Rmult_le_compat_l; lra.
Qed.

Theorem corollary_1_strict : Corollary_1_strict.
Proof.
  intros γ L_f L_r L_π L_f' L_r' L_π' G F R P C D. rewrite !coefficient_form.
  assert (κ : L_r * (1 + L_π) <= L_r' * (1 + L_π')) by (apply product_le; lra).
  assert (Λ : L_f * (1 + L_π) <= L_f' * (1 + L_π')) by (apply product_le; lra).
  assert (κ0 : 0 <= L_r * (1 + L_π)) by (apply Rmult_le_pos; lra).
  assert (κ' : 0 < L_r' * (1 + L_π')) by (apply Rmult_lt_0_compat; destruct D as [D|[D _]]; lra).
  assert (gΛ : γ * (L_f * (1 + L_π)) <= γ * (L_f' * (1 + L_π'))) by (apply Rmult_le_compat_l; lra).
  assert (den : 0 < (1 - γ) * (1 - γ * (L_f' * (1 + L_π')))) by (apply Rmult_lt_0_compat; lra).
  apply quotient_lt; [apply Rmult_le_pos; lra | apply Rmult_lt_0_compat; lra |].
  destruct D as [D|[R0 [D|D]]].
  - left. split; [|split; [exact den|apply Rmult_le_compat_l; lra]].
    apply Rmult_lt_compat_l; [lra|]. apply product_lt; lra.
  - right. split; [apply Rmult_le_compat_l; lra|]. split; [exact den|].
    apply Rmult_lt_compat_l; [lra|]. apply Rplus_lt_compat_l, Ropp_lt_contravar, Rmult_lt_compat_l; [lra|].
    apply product_lt; lra.
  - left. split; [|split; [exact den|apply Rmult_le_compat_l; lra]].
    apply Rmult_lt_compat_l; [lra|]. apply product_lt; lra.
Qed.
