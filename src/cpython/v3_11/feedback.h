// What the specializing interpreter has learned about an instruction.
#pragma once

#include "build/bytecode.h"
#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// `unit` is the instruction as it stands in the code (specialized form, followed by its caches);
// `opcode` its opcode, which differs from the unit's where a loop edge is patched.
build::Feedback readFeedback(const _Py_CODEUNIT* unit, int opcode, bool quickened);
// The same for a PRECALL and the CALL that follows it.
build::Feedback readCallFeedback(const _Py_CODEUNIT* precall, const _Py_CODEUNIT* call,
                                 bool quickened);

} // namespace pyston::host
