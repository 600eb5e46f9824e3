"""What the READMEs of `strategies/` and `tasks/` say between their tables."""

TABLE_1 = """
freezing learning; freeze_learning; a band around log 2 for each half's loss; \
a band around the critic's running loss
label smoothing; label_smoothing; targets of 1 towards 1/2; targets towards their mean
historical averaging; historical_averaging; all players towards their running mean; the same
minibatch discrimination; minibatch_discrimination, minibatch_stddev; each half by itself; \
the batch of transitions
batch normalisation; batch_norm_joint, batch_norm_split; both halves together, or apart; \
(s, a) and (s', a') together, or apart
target networks; target_network; inert: the discount is 0; copies of both networks
; lagged_critic; the actor sees a copy of the critic; the same
replay buffers; replay, prioritised; half of the samples are past ones; all transitions
entropy regularisation; entropy; of the samples, by nearest neighbours; \
of the answers to each state, the same way
compatibility; compatible_critic; n/a: the critic does not see the noise behind a sample; \
dQ/da = J(s) w
"""
"""Pfau and Vinyals' Table 1: their name, names here, what it is in a GAN, what it is in RL."""

STRATEGIES_PAGE = """\
# Strategies

<!-- Made by `{command}` from the declarations in these files; do not edit. -->

Each file defines one strategy, once for both domains. Its docstring has the formula, and says where
the paper, its code and this suite differ. Results are in [LEADERBOARD.md](../LEADERBOARD.md), and
[CONTRIBUTING.md](../CONTRIBUTING.md#a-strategy) says how to add a strategy.

*Born in* says where the idea was published first. *Defaults* are the published settings, then those
of a domain or a family of tasks where they differ. *Inert on* lists tasks on which the strategy
provably changes nothing, with the reason. On all other tasks a test shows that it changes something
(`placebo` excepted). *In place of* names strategies to which it is an alternative: where the base
has these, grids hold it both beside them and in their place.

{strategies}

Families of tasks: {families}.

## At home

A strategy that does nothing where it was born cannot be said not to transfer. So each names the
claim of its source, a cell of this suite that should show it, and the same cell without it (`python
-m bench run --grid home`; records in [results/2/home](../results/2/home)). The effect is the
probability that a run with it beats a run without it, by the final score, the area, or a metric
that the claim is about, with its 95 % interval over ten seeds; it is *shown at home* where the
whole interval is above one half. Five pairs, with an effect of 0.65 or more that ten seeds left
open, have ten seeds more. Intervals are not corrected for their number, and cells of one base share
its runs. These cells stand beside verdicts and count in none.

Where a paper has an example of its own that is here, as the Dirac-GAN of R1, that is the cell.
Others are this suite's nearest to what the paper had. A first choice, made without trying, showed
27; where it showed nothing, cells were tried on five seeds that no result uses
([headroom.jsonl](../tasks/assets/headroom.jsonl)), the best of them was chosen and run anew on
these ten. Most of the GANs then have DCGAN's beta1 and no R1, beside which little is left to mend.
{home_summary}.

{home}

Other pairs among these records, most of them first choices (some have left with strategies that
were defined anew), by the final score:

{home_tried}

## What is missing

Stabilisers that the literature would ask for and that are not here. Not written yet: adaptive
augmentation (ADA), which is `diff_augment` with a share that follows how often the critic prefers
its data. Without a point here: lazy penalties, in every k-th update alone, which save time, because
every update runs the same recorded operations. Not expressible so far: categorical values
(HL-Gauss) need a critic of many outputs, and here it has one; n-step returns need paths, and a
buffer holds rows; random subsets of critics (REDQ) need another reduction of heads than their
minimum or mean.

## By the value that they change

The values and the laws for combining them are explained in
[bench/README.md](../bench/README.md#named-values-and-laws). A strategy can change several.

{values}

## The nine stabilisers of Pfau and Vinyals

Table 1 of Pfau and Vinyals (2016, [arXiv 1610.01945](https://arxiv.org/abs/1610.01945)) lists nine
stabilisers of GANs and actor-critic methods. This is how they are defined here:

{table_1}

## Kits

A kit is a published learner as a set of strategies. Its name can stand wherever a strategy's can.
A kit of one strategy is that strategy as larger kits set it.
Networks, rates and a GAN's loss remain those of the task. Settings are named where they differ from
the strategy's defaults.

{kits}

The base `reference` adds {reference} to the bare learner.

`NAME@PLAYER`, as in `r1@reward`, restricts a strategy to one player of a game, and `NAME@each`
stands for every player on which it can act. [tasks/README.md](../tasks/README.md#extensions) says
who plays. `NAME-OTHER`, as in `huber-r1`, puts a strategy in the place of another that the
reference base has, also where no file declares it.
"""

TASKS_PAGE = """\
# Tasks

<!-- Made by `{command}` from the declarations in these files; do not edit. -->

Each file defines one task; [family/](family) holds what related tasks share. How to add one:
[CONTRIBUTING.md](../CONTRIBUTING.md#a-task).

A task has two endpoints. The *final* score is the mean of its metric over the last three of ten
evaluations, never the best one over time; the best is stored beside it. The *area* is the mean of
the normalised score over all evaluations. *Low* and *high* are the anchors: on the normalised
scale, 0 is an untrained, random or idle player and 1 is known to be attainable; scores that differ
by less than 0.01 are ties. Tasks of the tier `full` need a download, an accelerator, or hours.

{tasks}

## Extensions

Games of more than two players, or with labels. They count in no verdict; reports show them in a
section of their own. *Players* are in the order of play, with their roles: a critic is regressed on
reward and next value, a model minimises a loss of its own, the actor climbs what it is judged by.

{extensions}

## Headroom

Each counted task is there for a failure mode. A task on which the reference base is as good as can
be, or no better than untrained, could tell strategies from nothing, so each was tried on five seeds
that no result uses, {seeds}, with the reference base and with others on top of it
([assets/headroom.jsonl](assets/headroom.jsonl), by `python -m bench.contribute.headroom`). Asked is
that the base ends between 0.25 and 0.9 by its final score or its area; that against it something
wins with a probability of 0.75 and something loses with 0.25; and that its median moves less in the
last fifth of the budget than seeds differ, or that the task says that it measures *speed*. With
five seeds the best of a dozen strategies may win by luck: that it can is all that is asked.

{headroom}

## Scores

A run whose loss, gradient or score is not finite has *diverged*. A run that had come half the way
between the anchors and ended within a tenth of the low one, or below, has *collapsed*. Both are
outcomes and rank worst.

Games illustrate and never count in a verdict. Of `bilinear` and `dirac` the rates are known for
every order of play. On `twist` simultaneous and alternating updates diverge and extragradient
converges. `lqr_game` knows the exact Q of every policy. `ring8_mdp` must give the parameters of
`ring8`.

On mixtures of Gaussians FID and IS are between features that see modes and quality, as Inception's
are for images: the exact posterior over the modes and "no mode", and the position
(`bench/scoring/mixture.py`). Between raw coordinates FID would see a mean and a covariance only,
and a uniform circle would pass for the ring. Tests hold these scores to an order, with margins:
real draws, blurred ones, half of the modes, one Gaussian or a uniform square with the right
moments, one mode alone.

GANs also report IS, KID, precision and recall where they mean something, or the modes that are
covered. An RL score is the mean return of ten full episodes of the actor without noise; they start
in states that are the same for all seeds and strategies, and others in each evaluation. RL tasks
also report episode lengths, the error and bias of the critic's prediction against the realised
return, and how much the actor's actions vary and how many are at a bound. All report losses and
gradient norms. FID and IS are computed by torch-fidelity; KID, precision and recall equal its own
to rounding, in a fifth of its time.

Each task declares whether envpool or Gymnasium steps its environment, because they integrate some
differently: where envpool is not installed, the tasks that need it are skipped. The replay buffers
of MuJoCo's walkers hold a million transitions per seed, as published: 0.2 GB per seed for
`halfcheetah`, 0.9 GB for `ant`.
"""
