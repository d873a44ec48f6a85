// The interpreter's warm-up, where it cannot do it itself.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Counts one backward jump, as JUMP_BACKWARD does, and quickens the code when it is warm.
void warmUp(PyCodeObject* code);
// The adaptive form of an opcode, or 0.
int adaptiveForm(int opcode);

} // namespace pyston::host
