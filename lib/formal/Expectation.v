(** # Expectation and independent copies

An expectation is a linear functional that keeps signs and constants. Finite probability spaces are of this kind, and nothing more is needed. *)
From Coq Require Import Reals Lra Lia.
From Imagination Require Import Sums.
Open Scope R_scope.

Record Expectation (Ω : Type) := {
  E :> (Ω -> R) -> R;
  E_plus : forall X Y, E (fun ω => X ω + Y ω) = E X + E Y;
  E_scal : forall c X, E (fun ω => c * X ω) = c * E X;
  E_const : forall c, E (fun _ => c) = c;
  E_nonneg : forall X, (forall ω, 0 <= X ω) -> 0 <= E X }.
Arguments E {_} _ _. Arguments E_plus {_}. Arguments E_scal {_}. Arguments E_const {_}. Arguments E_nonneg {_}.

Section Basic.
  Context {Ω : Type} (P : Expectation Ω).

  Lemma E_le X Y : (forall ω, X ω <= Y ω) -> P X <= P Y.
  Proof.
    intros H. assert (N : 0 <= P (fun ω => Y ω + (-1) * X ω)) by (apply E_nonneg; intros ω; specialize (H ω); lra).
    rewrite E_plus, E_scal in N. lra.
  Qed.

  Lemma E_ext X Y : (forall ω, X ω = Y ω) -> P X = P Y.
  Proof. intros H. apply Rle_antisym; apply E_le; intros ω; rewrite H; lra. Qed.

  Lemma E_minus X Y : P (fun ω => X ω - Y ω) = P X - P Y.
  Proof. rewrite (E_ext _ (fun ω => X ω + (-1) * Y ω)) by (intros; ring). rewrite E_plus, E_scal. ring. Qed.

  Lemma E_scal_r c X : P (fun ω => X ω * c) = P X * c.
  Proof. rewrite (E_ext _ (fun ω => c * X ω)) by (intros; ring). rewrite E_scal. ring. Qed.

  Lemma E_sum n (X : nat -> Ω -> R) : P (fun ω => Sum n (fun i => X i ω)) = Sum n (fun i => P (X i)).
  Proof.
    induction n; simpl; [apply E_const|]. rewrite <- IHn. rewrite <- E_plus. reflexivity.
  Qed.

  (* Bias and variance: for a fixed g the mean square error is the variance and the square of the bias. *)
  Lemma E_square_split X m g : P X = m -> P (fun ω => (X ω - g) ^ 2) = P (fun ω => (X ω - m) ^ 2) + (m - g) ^ 2.
  Proof.
    intros M. rewrite (E_ext _ (fun ω => (X ω - m) ^ 2 + ((m - g) ^ 2 + 2 * (m - g) * (X ω - m)))) by (intros; ring).
    rewrite E_plus, E_plus, E_const, E_scal, E_minus, E_const, M. ring.
  Qed.
End Basic.

(** ## One experiment after another

The second may depend on the outcome of the first; if it does not, the two are independent. *)
Definition Then {Ω Ω'} (P : Expectation Ω) (Q : Ω -> Expectation Ω') : Expectation (Ω * Ω').
Proof.
  refine {| E := fun X => P (fun ω => Q ω (fun ω' => X (ω, ω'))) |}.
  - intros. rewrite <- E_plus. apply E_ext. intros. apply E_plus.
  - intros. rewrite <- E_scal. apply E_ext. intros. apply E_scal.
  - intros. rewrite (E_ext P _ (fun _ => c)); [apply E_const|]. intros. apply E_const.
  - intros. apply E_nonneg. intros. now apply E_nonneg.
Defined.

Lemma Then_E {Ω Ω'} (P : Expectation Ω) (Q : Ω -> Expectation Ω') X : Then P Q X = P (fun ω => Q ω (fun ω' => X (ω, ω'))).
Proof. reflexivity. Qed.

(** ## K independent copies *)

Definition put {Ω} (ω : Ω) (rest : nat -> Ω) : nat -> Ω := fun k => match k with O => ω | S k => rest k end.

(* The copies are numbered from 0; what stands after the K-th is the point `rest`, never looked at. *)
Fixpoint copies_of {Ω} (P : Expectation Ω) (rest : nat -> Ω) (K : nat) (X : (nat -> Ω) -> R) : R :=
  match K with
  | O => X rest
  | S K => P (fun ω => copies_of P rest K (fun ωs => X (put ω ωs)))
  end.

Lemma copies_ext {Ω} (P : Expectation Ω) rest K : forall X Y, (forall ωs, X ωs = Y ωs) -> copies_of P rest K X = copies_of P rest K Y.
Proof. induction K; simpl; intros X Y H; [apply H|]. apply E_ext. intros. apply IHK. intros. apply H. Qed.

Definition Copies {Ω} (P : Expectation Ω) (rest : nat -> Ω) (K : nat) : Expectation (nat -> Ω).
Proof.
  refine {| E := copies_of P rest K |}; induction K; simpl; intros; auto.
  - rewrite <- E_plus. apply E_ext. intros. apply IHK.
  - rewrite <- E_scal. apply E_ext. intros. apply IHK.
  - rewrite (E_ext P _ (fun _ => c)); [apply E_const|]. intros. apply IHK.
  - apply E_nonneg. intros. apply IHK. auto.
Defined.

Definition average {Ω} (K : nat) (X : Ω -> R) (ωs : nat -> Ω) : R := (∑ (k < K) X (ωs k)) / INR K.

Definition Var {Ω} (P : Expectation Ω) (X : Ω -> R) : R := P (fun ω => (X ω - P X) ^ 2).

Section Averages.
  Context {Ω : Type} (P : Expectation Ω) (rest : nat -> Ω).

  Lemma copies_S K X : Copies P rest (S K) X = P (fun ω => Copies P rest K (fun ωs => X (put ω ωs))).
  Proof. reflexivity. Qed.

  Lemma copies_sum K X : Copies P rest K (fun ωs => ∑ (k < K) X (ωs k)) = INR K * P X.
  Proof.
    induction K; [simpl; ring|]. rewrite copies_S.
    rewrite (E_ext P _ (fun ω => X ω + INR K * P X)).
    - rewrite E_plus, E_const, S_INR. ring.
    - intros ω. rewrite <- IHK.
      rewrite (E_ext _ _ (fun ωs => X ω + ∑ (k < K) X (ωs k))) by (intros; now rewrite (Sum_first K)).
      now rewrite (E_plus _ (fun _ => X ω)), E_const.
  Qed.

  Lemma average_mean K X : (0 < K)%nat -> Copies P rest K (average K X) = P X.
  Proof.
    intros H. unfold average. rewrite (E_ext _ _ (fun ωs => / INR K * ∑ (k < K) X (ωs k))) by (intros; unfold Rdiv; ring).
    rewrite E_scal, copies_sum. field. apply not_0_INR. lia.
  Qed.

  (* Cross terms vanish because the copies are independent. *)
  Lemma copies_square K X : P X = 0 -> Copies P rest K (fun ωs => (∑ (k < K) X (ωs k)) ^ 2) = INR K * P (fun ω => X ω ^ 2).
  Proof.
    intros M. induction K; [simpl; ring|]. rewrite copies_S.
    rewrite (E_ext P _ (fun ω => X ω ^ 2 + INR K * P (fun ω => X ω ^ 2))).
    - rewrite E_plus, E_const, S_INR. ring.
    - intros ω. rewrite <- IHK.
      rewrite (E_ext _ _ (fun ωs => X ω ^ 2 + (2 * X ω * (∑ (k < K) X (ωs k)) + (∑ (k < K) X (ωs k)) ^ 2)))
        by (intros; rewrite (Sum_first K); simpl; ring).
      rewrite (E_plus _ (fun _ => X ω ^ 2)), E_const, (E_plus _ (fun ωs => 2 * X ω * _)), E_scal, copies_sum, M. simpl. ring.
  Qed.

  (* The variance of an average of K independent copies is a K-th of the variance of one. *)
  Lemma average_variance K X : (0 < K)%nat -> Var (Copies P rest K) (average K X) = Var P X / INR K.
  Proof.
    intros H. assert (N : INR K <> 0) by (apply not_0_INR; lia).
    unfold Var at 1. rewrite average_mean by exact H. set (m := P X).
    rewrite (E_ext _ _ (fun ωs => / INR K ^ 2 * (∑ (k < K) (X (ωs k) - m)) ^ 2)).
    - rewrite E_scal, (copies_square K (fun ω => X ω - m)).
      + unfold Var. fold m. field. exact N.
      + rewrite E_minus, E_const. unfold m. ring.
    - intros ωs. unfold average. rewrite Sum_minus, Sum_const. field. exact N.
  Qed.
End Averages.
