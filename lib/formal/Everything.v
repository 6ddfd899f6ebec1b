(** # Everything, in one object

One proposition that is the conjunction of all statements, so that `Print Assumptions` of its proof shows every axiom that any of them uses. *)
From Imagination Require Import ClosedLoop SimulationLemma WorstPair BoundedReward Desiderata TemporalStraightening Allocation Comparatives Fidelity NoisyRewards BiasedRewards ScoreCounterexamples TwoBatches.

Definition Everything : Prop :=
  ClosedLoop.Multi_step_bound /\
  SimulationLemma.Lemma_1 /\
  SimulationLemma.Lemma_1_finite_horizon /\
  SimulationLemma.Lemma_1_learned_constants /\
  SimulationLemma.Lemma_1_Euclidean /\
  SimulationLemma.Negative_constant_breaks_Lemma_1 /\
  WorstPair.Worst_pair_is_allowed /\
  WorstPair.Lemma_1_attained /\
  WorstPair.Finite_horizon_attained /\
  WorstPair.Contraction_is_necessary /\
  BoundedReward.Bounded_reward_bound /\
  Desiderata.Corollary_1 /\
  Desiderata.Corollary_1_strict /\
  TemporalStraightening.Proposition_1 /\
  TemporalStraightening.Proposition_1_increases /\
  TemporalStraightening.Sharp_curvature_bound /\
  TemporalStraightening.Spiral_attains /\
  TemporalStraightening.Sharp_is_smaller /\
  Allocation.Theorem_1 /\
  Allocation.No_minimiser_without_dynamics_term /\
  Allocation.Price_of_an_even_split /\
  Comparatives.Horizon_and_constants /\
  Comparatives.Horizon_and_constants_strict /\
  Comparatives.Cheaper_rewards /\
  Comparatives.Cheaper_dynamics /\
  Comparatives.Cheaper_rewards_in_money /\
  Comparatives.Cheaper_rewards_reversed /\
  Fidelity.Corollary_2 /\
  Fidelity.Zero_score_breaks_Corollary_2 /\
  Fidelity.Corollary_2_existence /\
  Fidelity.No_minimiser_for_a_jump /\
  Fidelity.Whole_rollouts_beat_the_advice /\
  Fidelity.Power_law_fidelity /\
  Fidelity.Power_law_minimisers /\
  Fidelity.Power_law_total_variance /\
  Fidelity.Bounded_fidelity /\
  Fidelity.Cheap_extreme_does_not_minimise /\
  Fidelity.Perfect_labels_lose /\
  Fidelity.Floor_fidelity /\
  NoisyRewards.Policy_gradient /\
  NoisyRewards.Theorem_2 /\
  NoisyRewards.Theorem_2_variance /\
  NoisyRewards.Exact_inflation /\
  BiasedRewards.Proposition_2 /\
  BiasedRewards.Bias_persists /\
  BiasedRewards.Constant_bias_is_harmless /\
  BiasedRewards.Moving_bias_breaks_Proposition_2 /\
  ScoreCounterexamples.Without_discount_reversed /\
  ScoreCounterexamples.Without_discount_downhill /\
  ScoreCounterexamples.Without_discount_Proposition_2 /\
  ScoreCounterexamples.History_independence_is_too_weak /\
  TwoBatches.Two_batches /\
  TwoBatches.Two_batches_split /\
  TwoBatches.Crossover_budget.

Theorem everything : Everything.
Proof.
  split; [exact ClosedLoop.multi_step_bound|].
  split; [exact SimulationLemma.lemma_1|].
  split; [exact SimulationLemma.lemma_1_finite_horizon|].
  split; [exact SimulationLemma.lemma_1_learned_constants|].
  split; [exact SimulationLemma.lemma_1_Euclidean|].
  split; [exact SimulationLemma.negative_constant_breaks_lemma_1|].
  split; [exact WorstPair.worst_pair_is_allowed|].
  split; [exact WorstPair.lemma_1_attained|].
  split; [exact WorstPair.finite_horizon_attained|].
  split; [exact WorstPair.contraction_is_necessary|].
  split; [exact BoundedReward.bounded_reward_bound|].
  split; [exact Desiderata.corollary_1|].
  split; [exact Desiderata.corollary_1_strict|].
  split; [exact TemporalStraightening.proposition_1|].
  split; [exact TemporalStraightening.proposition_1_increases|].
  split; [exact TemporalStraightening.sharp_curvature_bound|].
  split; [exact TemporalStraightening.spiral_attains|].
  split; [exact TemporalStraightening.sharp_is_smaller|].
  split; [exact Allocation.theorem_1|].
  split; [exact Allocation.no_minimiser_without_dynamics_term|].
  split; [exact Allocation.price_of_an_even_split|].
  split; [exact Comparatives.horizon_and_constants|].
  split; [exact Comparatives.horizon_and_constants_strict|].
  split; [exact Comparatives.cheaper_rewards|].
  split; [exact Comparatives.cheaper_dynamics|].
  split; [exact Comparatives.cheaper_rewards_in_money|].
  split; [exact Comparatives.cheaper_rewards_reversed|].
  split; [exact Fidelity.corollary_2|].
  split; [exact Fidelity.zero_score_breaks_corollary_2|].
  split; [exact Fidelity.corollary_2_existence|].
  split; [exact Fidelity.no_minimiser_for_a_jump|].
  split; [exact Fidelity.whole_rollouts_beat_the_advice|].
  split; [exact Fidelity.power_law_fidelity|].
  split; [exact Fidelity.power_law_minimisers|].
  split; [exact Fidelity.power_law_total_variance|].
  split; [exact Fidelity.bounded_fidelity|].
  split; [exact Fidelity.cheap_extreme_does_not_minimise|].
  split; [exact Fidelity.perfect_labels_lose|].
  split; [exact Fidelity.floor_fidelity|].
  split; [exact NoisyRewards.policy_gradient|].
  split; [exact NoisyRewards.theorem_2|].
  split; [exact NoisyRewards.theorem_2_variance|].
  split; [exact NoisyRewards.exact_inflation|].
  split; [exact BiasedRewards.proposition_2|].
  split; [exact BiasedRewards.bias_persists|].
  split; [exact BiasedRewards.constant_bias_is_harmless|].
  split; [exact BiasedRewards.moving_bias_breaks_proposition_2|].
  split; [exact ScoreCounterexamples.without_discount_reversed|].
  split; [exact ScoreCounterexamples.without_discount_downhill|].
  split; [exact ScoreCounterexamples.without_discount_proposition_2|].
  split; [exact ScoreCounterexamples.history_independence_is_too_weak|].
  split; [exact TwoBatches.two_batches|].
  split; [exact TwoBatches.two_batches_split|].
  exact TwoBatches.crossover_budget.
Qed.

Print Assumptions everything.
