// The interpreter's warm-up, where it cannot do it itself.
#pragma once

#include "cpython/v3_11/code_data.h"

namespace pyston::host {

// Counts one backward jump or call, as JUMP_BACKWARD and RESUME do, and quickens the code when it
// is warm.
void warmUpOnce(PyCodeObject* code);
inline void warmUp(PyCodeObject* code) {
    if (!isWarm(code)) [[unlikely]]
        warmUpOnce(code);
}
// The adaptive form of an opcode, or 0.
int adaptiveForm(int opcode);

} // namespace pyston::host
