(** # Rollouts of a finite process, scores, and what their mean is

Finitely many actions, finitely many successors of each pair (the set of states may be infinite), stochastic transitions, any horizon. The deterministic dynamics of the paper are one successor with probability 1. *)
From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From Imagination Require Import Sums Expectation.
Open Scope R_scope.

(** ## Sums over lists *)

Fixpoint Over {X : Type} (l : list X) (a : X -> R) : R :=
  match l with
  | nil => 0
  | x :: l => a x + Over l a
  end.

Section OverLists.
  Context {X : Type}.
  Implicit Type l : list X.

  Lemma Over_ext l a b : (forall x, a x = b x) -> Over l a = Over l b.
  Proof. induction l; simpl; intros H; [reflexivity|]. now rewrite H, IHl. Qed.

  Lemma Over_plus l a b : Over l (fun x => a x + b x) = Over l a + Over l b.
  Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.

  Lemma Over_scal l c a : Over l (fun x => c * a x) = c * Over l a.
  Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.

  Lemma Over_scal_r l c a : Over l (fun x => a x * c) = Over l a * c.
  Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.

  Lemma Over_nonneg l a : (forall x, 0 <= a x) -> 0 <= Over l a.
  Proof. intros H. induction l; simpl; [lra|]. specialize (H a0). lra. Qed.

  (* A finite sum is differentiated term by term. *)
  Lemma Over_derive l (a : X -> R -> R) (a' : X -> R) x :
    (forall y, is_derive (a y) x (a' y)) -> is_derive (fun t => Over l (fun y => a y t)) x (Over l a').
  Proof.
    intros H. induction l; simpl; [apply @is_derive_const|]. now apply @is_derive_plus.
  Qed.
End OverLists.

(** ## The process *)

Record Process (State Action : Type) := {
  actions : list Action;
  idle : Action;                                  (* stands after the horizon, never looked at *)
  next : State -> Action -> list (R * State);     (* probabilities and successors *)
  next_nonneg : forall s a p s', In (p, s') (next s a) -> 0 <= p;
  next_sum : forall s a, Over (next s a) fst = 1 }.
Arguments actions {_ _}. Arguments idle {_ _}. Arguments next {_ _}. Arguments next_nonneg {_ _}. Arguments next_sum {_ _}.

(* The parameter vector with its i-th entry replaced. *)
Definition set_entry (θ : nat -> R) (i : nat) (x : R) : nat -> R := fun j => if Nat.eqb j i then x else θ j.

Lemma set_entry_self θ i j : set_entry θ i (θ i) j = θ j.
Proof. unfold set_entry. destruct (Nat.eqb_spec j i); congruence. Qed.

(* A differentiable policy that gives every action positive probability, at every parameter. *)
Record Policy {State Action} (M : Process State Action) := {
  prob : (nat -> R) -> State -> Action -> R;
  prob_pos : forall θ s a, 0 < prob θ s a;
  prob_sum : forall θ s, Over (actions M) (prob θ s) = 1;
  prob_entries : forall θ θ' s a, (forall j, θ j = θ' j) -> prob θ s a = prob θ' s a;
  prob_derive : forall θ i s a, ex_derive (fun x => prob (set_entry θ i x) s a) (θ i) }.
Arguments prob {_ _ _}. Arguments prob_pos {_ _ _}. Arguments prob_sum {_ _ _}.
Arguments prob_entries {_ _ _}. Arguments prob_derive {_ _ _}.

Definition Trajectory (State Action : Type) := nat -> State * Action.

Section Rollouts.
  Context {State Action : Type} {M : Process State Action} (π : Policy M).

  Definition from (x : State * Action) (τ : Trajectory State Action) : Trajectory State Action := put x τ.

  (* The mean over trajectories of n steps from s: draw an action, draw a successor, go on. *)
  Fixpoint mean_over (θ : nat -> R) (n : nat) (s : State) (X : Trajectory State Action -> R) : R :=
    match n with
    | O => X (fun _ => (s, idle M))
    | S n => Over (actions M) (fun a => prob π θ s a *
               Over (next M s a) (fun ps => fst ps * mean_over θ n (snd ps) (fun τ => X (from (s, a) τ))))
    end.

  (* The partial derivative of a function of θ in its i-th entry, and the score w = ∂ log π / ∂θ_i. *)
  Definition partial (i : nat) (g : (nat -> R) -> R) (θ : nat -> R) (d : R) : Prop :=
    is_derive (fun x => g (set_entry θ i x)) (θ i) d.

  Definition w (θ : nat -> R) (i : nat) (x : State * Action) : R :=
    Derive (fun y => ln (prob π (set_entry θ i y) (fst x) (snd x))) (θ i).

  Lemma mean_over_ext θ n : forall s X Y, (forall τ, X τ = Y τ) -> mean_over θ n s X = mean_over θ n s Y.
  Proof.
    induction n; intros s X Y H; simpl; [apply H|].
    apply Over_ext. intros a. f_equal. apply Over_ext. intros ps. f_equal. apply IHn. intros. apply H.
  Qed.

  Lemma mean_over_plus θ n : forall s X Y, mean_over θ n s (fun τ => X τ + Y τ) = mean_over θ n s X + mean_over θ n s Y.
  Proof.
    induction n; intros s X Y; simpl; [reflexivity|]. rewrite <- Over_plus. apply Over_ext. intros a.
    rewrite <- Rmult_plus_distr_l. f_equal. rewrite <- Over_plus. apply Over_ext. intros ps. rewrite IHn. ring.
  Qed.

  Lemma mean_over_scal θ n : forall s c X, mean_over θ n s (fun τ => c * X τ) = c * mean_over θ n s X.
  Proof.
    induction n; intros s c X; simpl; [reflexivity|]. rewrite <- Over_scal. apply Over_ext. intros a.
    rewrite <- Rmult_assoc, (Rmult_comm c), Rmult_assoc. f_equal. rewrite <- Over_scal. apply Over_ext. intros ps. rewrite IHn. ring.
  Qed.

  Lemma mean_over_const θ n : forall s c, mean_over θ n s (fun _ => c) = c.
  Proof.
    induction n; intros s c; simpl; [reflexivity|].
    rewrite (Over_ext _ _ (fun a => prob π θ s a * c)).
    - rewrite Over_scal_r, prob_sum. ring.
    - intros a. f_equal. rewrite (Over_ext _ _ (fun ps => fst ps * c)) by (intros; now rewrite IHn).
      rewrite Over_scal_r, (next_sum M). ring.
  Qed.

  Lemma Over_weighted_nonneg (l : list (R * State)) (a : R * State -> R) :
    (forall p s, In (p, s) l -> 0 <= p) -> (forall x, 0 <= a x) -> 0 <= Over l (fun ps => fst ps * a ps).
  Proof.
    intros W A. induction l as [|[p s] l IH]; simpl; [lra|].
    assert (0 <= p) by (apply (W p s); now left). assert (0 <= p * a (p, s)) by now apply Rmult_le_pos.
    assert (0 <= Over l (fun ps => fst ps * a ps)) by (apply IH; intros; apply (W p0 s0); now right). lra.
  Qed.

  Lemma mean_over_nonneg θ n : forall s X, (forall τ, 0 <= X τ) -> 0 <= mean_over θ n s X.
  Proof.
    induction n; intros s X H; simpl; [apply H|]. apply Over_nonneg. intros a.
    apply Rmult_le_pos; [left; apply prob_pos|]. apply Over_weighted_nonneg; [apply (next_nonneg M)|]. intros. now apply IHn.
  Qed.

  (* So the mean over rollouts is an expectation. *)
  Definition E_rollouts (θ : nat -> R) (H : nat) (s_0 : State) : Expectation (Trajectory State Action) :=
    {| E := mean_over θ H s_0; E_plus := mean_over_plus θ H s_0; E_scal := mean_over_scal θ H s_0;
       E_const := mean_over_const θ H s_0; E_nonneg := mean_over_nonneg θ H s_0 |}.

  (** ## The score *)

  (* ∂π = π w: the score is the derivative of ln π. *)
  Lemma prob_score θ i s a : is_derive (fun x => prob π (set_entry θ i x) s a) (θ i) (prob π θ s a * w θ i (s, a)).
  Proof.
    pose proof (prob_derive π θ i s a) as D. pose proof (Derive_correct _ _ D) as C.
    assert (V : prob π (set_entry θ i (θ i)) s a = prob π θ s a) by (apply prob_entries, set_entry_self).
    unfold w. simpl fst. simpl snd.
    assert (L : is_derive (fun y => ln (prob π (set_entry θ i y) s a)) (θ i)
                  (Derive (fun x => prob π (set_entry θ i x) s a) (θ i) * / prob π (set_entry θ i (θ i)) s a)).
    { apply (is_derive_comp ln (fun x => prob π (set_entry θ i x) s a)); [|exact C].
      apply is_derive_Reals, derivable_pt_lim_ln, prob_pos. }
    assert (score : Derive (fun y => ln (prob π (set_entry θ i y) s a)) (θ i)
              = Derive (fun x => prob π (set_entry θ i x) s a) (θ i) * / prob π (set_entry θ i (θ i)) s a)
      by (apply is_derive_unique; exact L).
    rewrite score, V. pose proof (prob_pos π θ s a).
    replace (prob π θ s a * (Derive (fun x => prob π (set_entry θ i x) s a) (θ i) * / prob π θ s a))
      with (Derive (fun x => prob π (set_entry θ i x) s a) (θ i)) by (field; lra). exact C.
  Qed.

  (* The probabilities sum to 1 at every θ, so the mean score of a state is 0. *)
  Lemma mean_score θ i s : Over (actions M) (fun a => prob π θ s a * w θ i (s, a)) = 0.
  Proof.
    pose proof (Over_derive (actions M) (fun a x => prob π (set_entry θ i x) s a) _ _ (prob_score θ i s)) as D.
    apply is_derive_unique in D. rewrite <- D.
    rewrite (Derive_ext _ (fun _ => 1)); [apply Derive_const|]. intros. apply prob_sum.
  Qed.

  (* What is known before step t: a function of the first t pairs. *)
  Definition Known_before (t : nat) (X : Trajectory State Action -> R) : Prop :=
    forall τ τ', (forall k, (k < t)%nat -> τ k = τ' k) -> X τ = X τ'.

  (* Scores are martingale differences: a score has mean 0 against everything that is known before it. *)
  Lemma score_orthogonal θ i : forall t n s X, (t < n)%nat -> Known_before t X ->
    mean_over θ n s (fun τ => X τ * w θ i (τ t)) = 0.
  Proof.
    induction t; intros n s X H K; destruct n; try lia; simpl.
    - assert (C : forall τ, X τ = X (fun _ => (s, idle M))) by (intros; apply K; lia).
      rewrite (Over_ext _ _ (fun a => prob π θ s a * w θ i (s, a) * X (fun _ => (s, idle M)))).
      + rewrite Over_scal_r, mean_score. ring.
      + intros a. rewrite (Over_ext _ _ (fun ps => fst ps * (w θ i (s, a) * X (fun _ => (s, idle M))))).
        * rewrite Over_scal_r, (next_sum M). ring.
        * intros ps. f_equal. rewrite (mean_over_ext _ _ _ _ (fun _ => w θ i (s, a) * X (fun _ => (s, idle M)))).
          -- apply mean_over_const.
          -- intros τ. rewrite C. simpl. ring.
    - rewrite (Over_ext _ _ (fun _ => 0 * 0)); [rewrite (Over_scal _ 0 (fun _ => 0)); ring|].
      intros a. rewrite (Over_ext _ _ (fun _ => 0 * 0)); [rewrite (Over_scal _ 0 (fun _ => 0)); ring|].
      intros ps. rewrite (IHt n (snd ps) (fun τ => X (from (s, a) τ))); [ring | lia |].
      intros τ τ' E. apply K. intros k Hk. destruct k; simpl; [reflexivity|]. apply E. lia.
  Qed.

  (* The log-derivative trick, proved: differentiating a mean multiplies by the sum of the scores. *)
  Lemma score_identity θ i n : forall s X,
    is_derive (fun x => mean_over (set_entry θ i x) n s X) (θ i)
      (mean_over θ n s (fun τ => X τ * (∑ (t < n) w θ i (τ t)))).
  Proof.
    induction n; intros s X.
    - simpl. rewrite Rmult_0_r. apply @is_derive_const.
    - simpl mean_over at 1.
      assert (inner : forall a, is_derive (fun x => Over (next M s a) (fun ps => fst ps * mean_over (set_entry θ i x) n (snd ps) (fun τ => X (from (s, a) τ)))) (θ i)
         (Over (next M s a) (fun ps => fst ps * mean_over θ n (snd ps) (fun τ => X (from (s, a) τ) * (∑ (t < n) w θ i (τ t)))))).
      { intros a. apply (Over_derive (next M s a) (fun ps x => fst ps * mean_over (set_entry θ i x) n (snd ps) (fun τ => X (from (s, a) τ)))).
        intros ps. apply @is_derive_scal. apply IHn. }
      eapply is_derive_ext; [intros; reflexivity|].
      replace (mean_over θ (S n) s (fun τ => X τ * (∑ (t < S n) w θ i (τ t)))) with
        (Over (actions M) (fun a =>
           prob π θ s a * w θ i (s, a) * Over (next M s a) (fun ps => fst ps * mean_over (set_entry θ i (θ i)) n (snd ps) (fun τ => X (from (s, a) τ)))
           + prob π (set_entry θ i (θ i)) s a * Over (next M s a) (fun ps => fst ps * mean_over θ n (snd ps) (fun τ => X (from (s, a) τ) * (∑ (t < n) w θ i (τ t)))))).
      + apply (Over_derive (actions M) (fun a x => prob π (set_entry θ i x) s a *
          Over (next M s a) (fun ps => fst ps * mean_over (set_entry θ i x) n (snd ps) (fun τ => X (from (s, a) τ))))).
        intros a. apply (is_derive_mult (fun x => prob π (set_entry θ i x) s a)); [apply prob_score | apply inner | intros; apply Rmult_comm].
      + assert (same : forall m s' Y, mean_over (set_entry θ i (θ i)) m s' Y = mean_over θ m s' Y).
        { induction m; intros; simpl; [reflexivity|]. apply Over_ext. intros a.
          rewrite (prob_entries π (set_entry θ i (θ i)) θ s' a) by apply set_entry_self. f_equal. apply Over_ext. intros. now rewrite IHm. }
        simpl mean_over. apply Over_ext. intros a. rewrite (prob_entries π (set_entry θ i (θ i)) θ s a) by apply set_entry_self.
        rewrite (Rmult_assoc (prob π θ s a)), <- Rmult_plus_distr_l. f_equal.
        rewrite <- Over_scal, <- Over_plus. apply Over_ext. intros ps. rewrite same.
        rewrite (mean_over_ext θ n (snd ps)
          (fun τ => X (from (s, a) τ) * (∑ (t < n) w θ i (from (s, a) τ t) + w θ i (from (s, a) τ n)))
          (fun τ => w θ i (s, a) * X (from (s, a) τ) + X (from (s, a) τ) * (∑ (t < n) w θ i (τ t)))).
        * rewrite mean_over_plus, mean_over_scal. ring.
        * intros τ. pose proof (Sum_first n (fun t => w θ i (from (s, a) τ t))) as F. simpl in F. rewrite F. ring.
  Qed.
End Rollouts.
