#include "cpython/v3_11/traced_positions.h"

#include "cpython/api.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/pending.h"
#include "cpython/v3_11/unwind.h"

#include <cstdlib>
#include <utility>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);

bool tellsOfLines(const PyThreadState* tstate) {
    return tstate->cframe->use_tracing && tstate->c_tracefunc != nullptr;
}

// As maybe_call_line_trace() in ceval.c.
bool isNewLine(PyCodeObject* code, int previous, int next) {
    const int line = PyCode_Addr2Line(code, next);
    return line != -1 && (line != PyCode_Addr2Line(code, previous) || next < previous);
}

// What a jump that is repeated, not traced, takes from the stack: turns tracing on again when it is
// asked. An iterator that has ended, something that is true or not, something that is not None.
struct Switch {
    PyObject_HEAD bool isTrue;
    // Where it lies on the stack, and what is to lie there when it was asked whether it is true (a
    // reference of its own); null: it is popped.
    PyObject** place;
    PyObject* instead;
};

void turnOn() {
    _PyThreadState_UpdateTracingState(_PyThreadState_GET());
}
PyObject* endIteration(PyObject*) {
    turnOn();
    return nullptr;
}
int isSwitchTrue(PyObject* object) {
    const auto* asked = reinterpret_cast<Switch*>(object);
    const bool isTrue = asked->isTrue;
    if (asked->place != nullptr) {
        *asked->place = asked->instead;
        Py_DECREF(object);
    }
    turnOn();
    return isTrue ? 1 : 0;
}
void freeSwitch(PyObject* object) {
    turnOn();
    PyObject_Free(object);
}
int turnOnWhenServed(void*) {
    turnOn();
    return 0;
}

PyTypeObject* switchType() {
    static PyNumberMethods number{};
    static PyTypeObject type{};
    static const bool isReady = [] {
        number.nb_bool = isSwitchTrue;
        Py_SET_REFCNT(&type, 1);
        type.tp_name = "pyston_switch";
        type.tp_basicsize = sizeof(Switch);
        type.tp_flags = Py_TPFLAGS_DEFAULT;
        type.tp_dealloc = freeSwitch;
        type.tp_iternext = endIteration;
        type.tp_as_number = &number;
        return PyType_Ready(&type) == 0;
    }();
    return isReady ? &type : nullptr;
}

// Null for want of memory.
PyObject* newSwitch(bool isTrue) {
    PyTypeObject* type = switchType();
    auto* made = type != nullptr ? PyObject_New(Switch, type) : nullptr;
    if (made == nullptr) {
        PyErr_Clear();
        return nullptr;
    }
    made->isTrue = isTrue;
    made->place = nullptr;
    made->instead = nullptr;
    return reinterpret_cast<PyObject*>(made);
}

// The operand that makes the interpreter jump again and turns tracing on. Null without one.
PyObject* operandToJump(int opcode) {
    switch (opcode) {
    case POP_JUMP_FORWARD_IF_TRUE:
    case POP_JUMP_BACKWARD_IF_TRUE:
    case POP_JUMP_FORWARD_IF_NOT_NONE:
    case POP_JUMP_BACKWARD_IF_NOT_NONE:
        return newSwitch(true);
    case POP_JUMP_FORWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case FOR_ITER:
        return newSwitch(false);
    default:
        return nullptr;
    }
}

// Takes the place of a value that the jump leaves on the stack.
bool replacesTested(Frame* frame, int opcode) {
    if (opcode != JUMP_IF_TRUE_OR_POP && opcode != JUMP_IF_FALSE_OR_POP)
        return false;
    PyObject* made = newSwitch(opcode == JUMP_IF_TRUE_OR_POP);
    if (made == nullptr)
        return false;
    auto* tested = reinterpret_cast<Switch*>(made);
    tested->place = &frame->localsplus[frame->stacktop - 1];
    tested->instead = std::exchange(*tested->place, made);
    return true;
}

// A plain backward jump serves what is pending, on the main thread.
bool turnsOnWhenServed(PyThreadState* tstate, int opcode) {
    if (opcode != JUMP_BACKWARD || tstate->interp != _PyInterpreterState_Main() ||
        !_Py_ThreadCanHandlePendingCalls())
        return false;
    callSoon(turnOnWhenServed, nullptr);
    return evalBreakerIsSet(tstate);
}

// The first unit of a jump over so many bytes: one for each further byte of its argument.
int withPrefixes(int jumpOffset, int distance) {
    for (int rest = std::abs(distance) / kUnit >> 8; rest != 0; rest >>= 8)
        jumpOffset -= kUnit;
    return jumpOffset;
}

} // namespace

void standAtTarget(PyThreadState* tstate, Frame* frame, int jumpOffset, int target) {
    PyCodeObject* code = frame->f_code;
    setNextOffset(frame, target);
    if (!tellsOfLines(tstate) ||
        isNewLine(code, jumpOffset, target) == isNewLine(code, target - kUnit, target))
        return;
    const int opcode = _PyOpcode_Deopt[opcodeAt(findHostCode(code), code, jumpOffset)];
    if (PyObject* operand = operandToJump(opcode))
        frame->localsplus[frame->stacktop++] = operand;
    else if (!replacesTested(frame, opcode) && !turnsOnWhenServed(tstate, opcode))
        return;
    const int behind = jumpOffset + kUnit * (1 + _PyOpcode_Caches[opcode]);
    setNextOffset(frame, withPrefixes(jumpOffset, target - behind));
    tstate->cframe->use_tracing = 0;
}

bool repeatsTest(int opcode) {
    switch (opcode) {
    case POP_JUMP_FORWARD_IF_TRUE:
    case POP_JUMP_BACKWARD_IF_TRUE:
    case POP_JUMP_FORWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case UNARY_NOT:
        return true;
    default:
        return false;
    }
}

void answerUntraced(PyThreadState* tstate, Frame* frame) {
    PyObject*& top = frame->localsplus[frame->stacktop - 1];
    PyObject* answer = PyBool_Check(top) ? newSwitch(top == Py_True) : nullptr;
    if (answer == nullptr)
        return;
    Py_SETREF(top, answer);
    tstate->cframe->use_tracing = 0;
}

bool isInterpretersToUnwind(PyThreadState* tstate, const Frame* frame, int handler) {
    return tellsOfLines(tstate) && handler >= 0 && tstate->curexc_type != nullptr &&
           findUnwinding(frame->f_code, _PyInterpreterFrame_LASTI(frame) * kUnit).handler ==
               handler;
}

// The call is told of if the thread is traced already. It is again once the exception was told of
// (PyThreadState_LeaveTracing).
PyObject* continueRaising(PyThreadState* tstate, Frame* frame) {
    tstate->cframe->use_tracing = 0;
    return continueFrame(tstate, frame, 1);
}

} // namespace pyston::host
