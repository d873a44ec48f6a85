// What _PyCode_Quicken of specialize.c does; it is not exported, and it runs from JUMP_BACKWARD,
// which is overwritten while loops are watched.
#include "cpython/v3_11/quicken.h"

#include "cpython/v3_11/code_data.h"

namespace pyston::host {
namespace {

// The superinstruction for two neighbours, or 0.
int fused(int first, int second) {
    switch (second) {
    case LOAD_FAST:
        return first == LOAD_FAST    ? LOAD_FAST__LOAD_FAST
               : first == STORE_FAST ? STORE_FAST__LOAD_FAST
               : first == LOAD_CONST ? LOAD_CONST__LOAD_FAST
                                     : 0;
    case STORE_FAST:
        return first == STORE_FAST ? STORE_FAST__STORE_FAST : 0;
    case LOAD_CONST:
        return first == LOAD_FAST ? LOAD_FAST__LOAD_CONST : 0;
    default:
        return 0;
    }
}

int quickForm(int opcode) {
    switch (opcode) {
    case EXTENDED_ARG:
        return EXTENDED_ARG_QUICK;
    case JUMP_BACKWARD:
        return JUMP_BACKWARD_QUICK;
    case RESUME:
        return RESUME_QUICK;
    default:
        return opcode;
    }
}

void quicken(PyCodeObject* code) {
    _Py_CODEUNIT* units = _PyCode_CODE(code);
    int previous = -1;
    for (Py_ssize_t i = 0; i < Py_SIZE(code); ++i) {
        int opcode = _Py_OPCODE(units[i]);
        if (int adaptive = adaptiveForm(opcode)) {
            _Py_SET_OPCODE(units[i], static_cast<unsigned char>(adaptive));
            i += _PyOpcode_Caches[opcode];
            previous = -1;
            continue;
        }
        if (int quick = quickForm(opcode); quick != opcode)
            _Py_SET_OPCODE(units[i], static_cast<unsigned char>(quick));
        if (int both = fused(previous, opcode))
            _Py_SET_OPCODE(units[i - 1], static_cast<unsigned char>(both));
        // A watched COMPARE_OP (RETURN_VALUE) still has its caches behind it: they are zero, CACHE.
        previous = opcode;
    }
}

} // namespace

int adaptiveForm(int opcode) {
    switch (opcode) {
    case LOAD_ATTR:
        return LOAD_ATTR_ADAPTIVE;
    case LOAD_GLOBAL:
        return LOAD_GLOBAL_ADAPTIVE;
    case LOAD_METHOD:
        return LOAD_METHOD_ADAPTIVE;
    case BINARY_SUBSCR:
        return BINARY_SUBSCR_ADAPTIVE;
    case STORE_SUBSCR:
        return STORE_SUBSCR_ADAPTIVE;
    case CALL:
        return CALL_ADAPTIVE;
    case PRECALL:
        return PRECALL_ADAPTIVE;
    case STORE_ATTR:
        return STORE_ATTR_ADAPTIVE;
    case BINARY_OP:
        return BINARY_OP_ADAPTIVE;
    case COMPARE_OP:
        return COMPARE_OP_ADAPTIVE;
    case UNPACK_SEQUENCE:
        return UNPACK_SEQUENCE_ADAPTIVE;
    default:
        return 0;
    }
}

void warmUpOnce(PyCodeObject* code) {
    if (++code->co_warmup != 0)
        return;
    quicken(code);
    if (HostCode* data = findHostCode(code)) {
        data->quickenedHere = true;
        patchEntry(data);
    }
}

} // namespace pyston::host
