/* The loop over samples and steps.

   Step t of a sample: (0) faults change state and registers; (1) each population takes the sums that have arrived, updates its state and lists its spikes, and each
   input lists its own; (2) what is listed is recorded; (3) each block of synapses adds to its target, in the slot of step
   t + 1 + delay, and so do faulty synapses; (4) plastic projections do, then learn from what was sent. Nothing here reads a name or a number of any chip. */
#ifndef ND_SCHEDULE_H
#define ND_SCHEDULE_H
#include "deliver.h"
#include "disturb.h"
#include "plastic.h"
#include "record.h"
#if ND_WIDE
#include "update_kinds.h"
#include "update_wide.h"
#else
#include "update_narrow.h"
#endif

#if defined(_WIN32)
__declspec(dllimport) int __stdcall SwitchToThread(void);
#define YIELD() SwitchToThread()
#else
int sched_yield(void);
#define YIELD() sched_yield()
#endif

/* Tries before a waiting thread lets another one run. */
enum { SPINS = 2000 };

/* Wait until `target` arrivals are counted, this one included. */
static void meet(const Call *call, int64_t target) {
  int64_t *arrived = VIEW(call->state->arrived, 0, 1);
  __atomic_add_fetch(arrived, 1, __ATOMIC_SEQ_CST);
  for (int64_t tries = 0; __atomic_load_n(arrived, __ATOMIC_ACQUIRE) < target; tries++)
    if (tries > SPINS) YIELD();
}

/* Whether u, v and refractory steps of all neurons are 0. */
static int is_silent(const Call *call, const Population *pop) {
  const word *u = WORDS(call->state->u, pop->start, pop->size), *v = WORDS(call->state->v, pop->start, pop->size);
  const uint8_t *dead = VIEW(call->state->refract, pop->start, pop->size);
  word bits = 0;
  for (int64_t i = 0; i < pop->size; i++) bits |= u[i] | v[i] | dead[i];
  return bits == 0;
}

/* Bring a population to its initial state; refractory steps and accumulators stay. */
static void reset_states(const Call *call, const Population *pop) {
  word *u = WORDS(call->state->u, pop->start, pop->padded), *v = WORDS(call->state->v, pop->start, pop->padded);
  for (int64_t i = 0; i < pop->padded; i++) u[i] = v[i] = 0;
#if ND_WIDE
  const int64_t rows = call->state->u.n;
  for (int64_t k = 0; k < 2; k++)
    __builtin_memcpy(VIEW(call->state->memory, k * rows + pop->start, pop->size),
                     VIEW(call->layout->initial, k * rows + pop->start, pop->size), (size_t)pop->size * 8);
#endif
}

/* Shift the sums that are shifted on arrival, add them to the plane of their port, and clear them. */
static void fold_planes(const Call *call, const Population *pop, int64_t slot) {
  const Layout *layout = call->layout;
  const int64_t each = pop->slots * pop->padded;
  for (int64_t plane = pop->ports; plane < pop->planes; plane++) {
    word *part = WORDS(call->state->acc, slot + plane * each, pop->size);
    word *total = WORDS(call->state->acc, slot + AT(layout->plane_port, pop->plane_shift + plane) * each, pop->size);
    const int64_t down = AT(layout->plane_shift, pop->plane_shift + plane), up = layout->switches.weight_shift;
    for (int64_t i = 0; i < pop->size; i++) {
      total[i] += (word)shifted_sum(part[i], down, up);
      part[i] = 0;
    }
  }
}

#if ND_WIDE
/* List the neurons that are marked; return how many. */
static int64_t list_marked(const Call *call, const Population *pop) {
  const uint64_t *fired = VIEW(call->state->fired, pop->start >> 6, pop->padded >> 6);
  int32_t *spikes = listed(call, pop);
  int64_t count = 0;
  for (int64_t low = 0; low < pop->size; low += 64) count = list_batch(fired[low >> 6], (int32_t)low, spikes, count);
  return count;
}
#endif

/* Advance the states of a population and list its spikes; return how many. */
static int64_t updated(const Call *call, const Population *pop, int64_t slot) {
#if ND_WIDE
  if (pop->model <= TERNARY)
    update_wide(call, pop, slot);
  else
    update_kind(call, pop, slot);
  return list_marked(call, pop);
#else
  return update_narrow(call, pop, slot);
#endif
}

/* Advance one population by a step; return how many neurons spike. A silent one is skipped until a spike is due. */
static int64_t update(const Call *call, const Population *pop, int64_t number) {
  State *state = call->state;
  uint8_t *asleep = VIEW(state->asleep, number, 1);
  const int64_t pending = AT(state->pending, number);
  if (*asleep) {
    if (pending < call->step) return 0;
    *asleep = 0;
  }
  if (pop->reset_every > 0 && call->step % pop->reset_every == pop->reset_at) reset_states(call, pop);
  const int64_t slot = pop->acc + slot_of(call->step, pop->slots) * pop->padded;
  if (pop->planes > pop->ports) fold_planes(call, pop, slot);
  if (call->output->cores) count_active(call, pop, slot);
  const int64_t count = updated(call, pop, slot);
  if (count == 0 && pop->sleeps == 1 && (call->step & 15) == 0 && pending <= call->step) *asleep = (uint8_t)is_silent(call, pop);
  return count;
}

/* Clear the state of this thread's populations for the next sample. */
static void clear(const Call *call) {
  State *state = call->state;
  for (int64_t p = 0; p < call->layout->populations.n; p++) {
    const Population *pop = &AT(call->layout->populations, p);
    if (pop->owner != call->control->thread || pop->kind == INPUT || pop->kind == VALUES) continue;
    reset_states(call, pop);
    const int64_t sums = pop->planes * pop->slots * pop->padded;
    __builtin_memset(VIEW(state->refract, pop->start, pop->padded), 0, (size_t)pop->padded);
    __builtin_memset(WORDS(state->acc, pop->acc, sums), 0, (size_t)sums * sizeof(word));
    AT(state->pending, p) = 0;
    AT(state->asleep, p) = 0;
  }
}

/* Steps that the buffers are sure to hold, however many neurons spike, of `wanted`. */
static int64_t steps_with_room(const Call *call, int64_t parity, int64_t wanted) {
  const Layout *layout = call->layout;
  for (int64_t p = 0; p < layout->populations.n; p++) {
    const Population *pop = &AT(layout->populations, p);
    if (pop->room > 0) {
      const int64_t free_rows = pop->room - AT(call->output->written, parity * layout->populations.n + p);
      wanted = min64(wanted, free_rows / pop->size);
    }
  }
  return wanted;
}

/* Update this thread's populations, list what they and its inputs send, and record it. */
static void update_all(const Call *call) {
  const Layout *layout = call->layout;
  for (int64_t p = 0; p < layout->populations.n; p++) {
    const Population *pop = layout->populations.at + p;
    if (pop->owner != call->control->thread) continue;
    int64_t count;
    if (pop->kind == INPUT)
      count = list_input(call, pop);
    else if (pop->kind == VALUES)
      count = list_values(call, pop);
    else
      count = update(call, pop, p);
    *count_of(call, p) = count;
    if (pop->room > 0) write_rows(call, pop, p, count);
  }
}

/* Deliver this thread's blocks whose sources sent anything. */
static void deliver_all(const Call *call) {
  const Layout *layout = call->layout;
  for (int64_t b = 0; b < layout->blocks.n; b++) {
    const Block *block = layout->blocks.at + b;
    if (block->owner == call->control->thread && *count_of(call, block->source) > 0) deliver(call, block);
  }
}

/* Run from (control.sample, control.step) until `control.stop`, the call's share of steps, or a full recording.

   Threads that share samples call with their own number and the same control otherwise; they meet once in each step. What is
   published in a step stands in the half of its parity, which is not written again before all have met once more: all threads
   read the same, and all return after the same step. `sure` counts the steps until room is looked at again. */
static Reached run(Call call) {
  const Control *control = call.control;
  int64_t made = 0, sure = 0;
  call.sample = control->sample;
  call.step = control->step;
  while (call.sample < control->stop) {
    if (call.step == control->first && control->first == 1 && control->threads == 1) clear(&call);
    while (call.step <= control->steps) {
      if (sure == 0) {
        sure = steps_with_room(&call, 1 - (made & 1), control->todo - made);
        if (sure == 0) return (Reached){call.sample, call.step, made};
      }
      sure--;
      call.parity = made++ & 1;
      if (call.layout->disturbances.n > 0) disturb(&call);
      update_all(&call);
      if (call.output->probe_row.n > 0) probe(&call);
      if (control->threads > 1) meet(&call, made * control->threads);
      deliver_all(&call);
      if (call.layout->disturbances.n > 0) add_extras(&call);
      if (call.plastic->links.n > 0) plastic_step(&call);
      call.step++;
    }
    call.sample++;
    call.step = control->first;
  }
  return (Reached){call.sample, call.step, made};
}

#endif
