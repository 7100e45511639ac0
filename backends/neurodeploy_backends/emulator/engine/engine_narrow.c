/* The engine on a narrow layout: state in 32 bits. */
#define ND_WIDE 0
#include "schedule.h"

EXPORT(int64_t, run_narrow)(const Layout *layout, State *state, const Stimuli *stimuli, Output *output, const Control *control,
                            const Plasticity *plastic, Reached *reached) {
  *reached = run((Call){.layout = layout, .state = state, .stimuli = stimuli, .output = output, .control = control, .plastic = plastic});
  return reached->made;
}
