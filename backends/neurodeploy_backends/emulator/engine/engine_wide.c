/* The engine on a wide layout: state in 64 bits. */
#define ND_WIDE 1
#include "schedule.h"

EXPORT(int64_t, run_wide)(const Layout *layout, State *state, const Stimuli *stimuli, Output *output, const Control *control,
                            const Plasticity *plastic, Reached *reached) {
  *reached = run((Call){.layout = layout, .state = state, .stimuli = stimuli, .output = output, .control = control, .plastic = plastic});
  return reached->made;
}
