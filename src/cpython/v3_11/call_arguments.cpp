#include "cpython/v3_11/call_arguments.h"

#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/osr.h"

#include <climits>
#include <utility>
#include <vector>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);
constexpr int16_t kUnknown = -1;
constexpr int16_t kUnusable = SHRT_MAX; // a CALL with so many arguments that it has a prefix

// The depth of the value stack before each instruction, by following the code from its start and
// from its exception handlers. Prefixes have the depth of their instruction.
class StackDepths {
  public:
    explicit StackDepths(const HostCode* data)
        : data_(data), code_(reinterpret_cast<PyCodeObject*>(data->code)),
          depths_(static_cast<size_t>(Py_SIZE(code_)), kUnknown) {
        flow(0, 0);
        followHandlers();
        while (!pending_.empty()) {
            int unit = pending_.back();
            pending_.pop_back();
            step(unit);
        }
    }
    std::vector<int16_t> take() { return std::move(depths_); }

  private:
    void flow(int unit, int depth) {
        if (unit < 0 || unit >= static_cast<int>(depths_.size()) || depth < 0 || depth >= kUnusable)
            return;
        int16_t& known = depths_[static_cast<size_t>(unit)];
        if (known == kUnknown) {
            known = static_cast<int16_t>(depth);
            pending_.push_back(unit);
        }
    }

    void followHandlers() {
        PyObject* table = code_->co_exceptiontable;
        auto* position = reinterpret_cast<unsigned char*>(PyBytes_AS_STRING(table));
        auto* end = position + PyBytes_GET_SIZE(table);
        while (position < end) {
            int start = 0, length = 0, target = 0, depthAndLasti = 0;
            position = parse_varint(position, &start);
            position = parse_varint(position, &length);
            position = parse_varint(position, &target);
            position = parse_varint(position, &depthAndLasti);
            flow(target, (depthAndLasti >> 1) + (depthAndLasti & 1) + 1);
        }
    }

    // One instruction with its prefixes.
    void step(int unit) {
        int depth = depths_[static_cast<size_t>(unit)];
        int first = unit, arg = 0, opcode = 0;
        for (;; ++unit) {
            depths_[static_cast<size_t>(unit)] = static_cast<int16_t>(depth);
            opcode = _PyOpcode_Deopt[opcodeAt(data_, code_, unit * kUnit)];
            arg = (arg << 8) | _Py_OPARG(originalUnit(data_, code_, unit * kUnit));
            if (opcode != EXTENDED_ARG || unit + 1 >= static_cast<int>(depths_.size()))
                break;
        }
        int next = unit + 1 + _PyOpcode_Caches[opcode];
        if (opcode == CALL && unit > first)
            depths_[static_cast<size_t>(unit)] = kUnusable;
        // PRECALL pops nothing, whatever the compiler's table says; CALL does.
        if (opcode == PRECALL)
            return flow(next, depth);
        if (opcode == CALL)
            return flow(next, depth - arg - 1);
        int argument = opcode >= HAVE_ARGUMENT ? arg : 0;
        if (int target = jumpTarget(opcode, arg, next); target >= 0)
            flow(target, depth + effect(opcode, argument, true));
        if (!endsPath(opcode))
            flow(next, depth + effect(opcode, argument, false));
    }

    static int effect(int opcode, int argument, bool jump) {
        int change = PyCompile_OpcodeStackEffectWithJump(opcode, argument, jump ? 1 : 0);
        return change == PY_INVALID_STACK_EFFECT ? 0 : change;
    }

    static int jumpTarget(int opcode, int arg, int next) {
        switch (opcode) {
        case FOR_ITER:
        case SEND:
        case JUMP_FORWARD:
        case JUMP_IF_FALSE_OR_POP:
        case JUMP_IF_TRUE_OR_POP:
        case POP_JUMP_FORWARD_IF_FALSE:
        case POP_JUMP_FORWARD_IF_TRUE:
        case POP_JUMP_FORWARD_IF_NONE:
        case POP_JUMP_FORWARD_IF_NOT_NONE:
            return next + arg;
        case JUMP_BACKWARD:
        case JUMP_BACKWARD_NO_INTERRUPT:
        case POP_JUMP_BACKWARD_IF_FALSE:
        case POP_JUMP_BACKWARD_IF_TRUE:
        case POP_JUMP_BACKWARD_IF_NONE:
        case POP_JUMP_BACKWARD_IF_NOT_NONE:
            return next - arg;
        default:
            return -1;
        }
    }

    static bool endsPath(int opcode) {
        switch (opcode) {
        case JUMP_FORWARD:
        case JUMP_BACKWARD:
        case JUMP_BACKWARD_NO_INTERRUPT:
        case RETURN_VALUE:
        case RAISE_VARARGS:
        case RERAISE:
            return true;
        default:
            return false;
        }
    }

    const HostCode* data_;
    PyCodeObject* code_;
    std::vector<int16_t> depths_;
    std::vector<int> pending_;
};

} // namespace

thread_local constinit Offer currentOffer;

OfferedArguments::OfferedArguments(PyObject* function, PyObject** first, int64_t count) {
    currentOffer = {function, {first, static_cast<int>(count)}};
}

OfferedArguments::~OfferedArguments() {
    currentOffer.function = nullptr;
}

// The hook for one call, while there is none (unhooked.h).
static PyObject* takeOfferUnhooked(PyThreadState* tstate, Frame* frame, int throwflag) {
    // (Else it is a finalizer, in the call's argument processing.)
    if (currentOffer.function == reinterpret_cast<PyObject*>(frame->f_func)) {
        tstate->interp->eval_frame = nullptr;
        dropCallerArguments(tstate, frame);
    }
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

PyObject* callOffering(PyThreadState* tstate, PyObject* function, PyObject** args, int64_t count,
                       size_t nargsf, PyObject* kwnames) {
    const OfferedArguments offer(function, args, count);
    PyInterpreterState* interp = tstate->interp;
    if (interp != unhookedInterpreter)
        return PyObject_Vectorcall(function, args, nargsf, kwnames);
    interp->eval_frame = takeOfferUnhooked;
    PyObject* result = PyObject_Vectorcall(function, args, nargsf, kwnames);
    if (interp->eval_frame == takeOfferUnhooked) // it was not needed
        interp->eval_frame = interp == unhookedInterpreter ? nullptr : evalFrame;
    return result;
}

CallerArguments callerArguments(PyThreadState* tstate, PyObject* function) {
    if (CallerArguments offered = takeOffer(function, nullptr); offered.first != nullptr)
        return offered;
    Frame* caller = tstate->cframe->current_frame;
    // Only a frame that the interpreter runs has its stack in memory (see kInNative).
    if (caller == nullptr || caller->stacktop != -1)
        return {};
    PyCodeObject* code = caller->f_code;
    int unit = _PyInterpreterFrame_LASTI(caller);
    if (unit < 0 || _PyOpcode_Deopt[_Py_OPCODE(*caller->prev_instr)] != CALL)
        return {};
    HostCode* data = hostCode(code);
    if (data == nullptr)
        return {};
    if (data->stackDepths.empty())
        data->stackDepths = StackDepths(data).take();
    int depth = data->stackDepths[static_cast<size_t>(unit)];
    int count = _Py_OPARG(*caller->prev_instr);
    if (depth < count + 2 || depth > code->co_stacksize)
        return {};
    PyObject** top = caller->localsplus + code->co_nlocalsplus + depth;
    PyObject** callable = top - count - 1;
    if (callable[-1] != nullptr) { // a method: its object is an argument
        --callable;
        ++count;
    }
    if (*callable != function)
        return {};
    return {callable + 1, count};
}

void dropCallerArguments(PyThreadState* tstate, Frame* frame) {
    CallerArguments arguments = callerArguments(tstate, reinterpret_cast<PyObject*>(frame->f_func));
    for (int i = 0; i < arguments.count; ++i)
        Py_DECREF(std::exchange(arguments.first[i], Py_NewRef(Py_None)));
}

} // namespace pyston::host
