#include "cpython/v3_11/call_arguments.h"

#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/osr.h"

#include <array>
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
          isPatched_(data->loopsPatched || data->entryPatch.stands),
          depths_(static_cast<size_t>(Py_SIZE(code_)), kUnknown) {
        // A generator's code finds on the stack what it is first sent, from RETURN_GENERATOR on;
        // the compiler counts it from the start.
        constexpr int kIsResumed = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
        flow(0, (code_->co_flags & kIsResumed) != 0 ? 1 : 0);
        followHandlers();
        while (!pending_.empty()) {
            const auto [unit, depth] = pending_.back();
            pending_.pop_back();
            follow(unit, depth);
        }
    }
    std::vector<int16_t> take() { return std::move(depths_); }

  private:
    // Is it news that control gets there, with that depth?
    bool isNew(int unit, int depth) const {
        return unit >= 0 && unit < static_cast<int>(depths_.size()) && depth >= 0 &&
               depth < kUnusable && depths_[static_cast<size_t>(unit)] == kUnknown;
    }
    void flow(int unit, int depth) {
        if (isNew(unit, depth))
            pending_.emplace_back(unit, depth);
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

    // From an instruction to where the path ends, or to what is known already.
    void follow(int unit, int depth) {
        while (isNew(unit, depth)) {
            int first = unit, arg = 0, opcode = 0;
            for (;; ++unit) {
                depths_[static_cast<size_t>(unit)] = static_cast<int16_t>(depth);
                const _Py_CODEUNIT instruction = *unitAt(code_, unit * kUnit);
                opcode = _Py_OPCODE(instruction);
                int oparg = _Py_OPARG(instruction);
                if (isPatched_) {
                    opcode = opcodeAt(data_, code_, unit * kUnit);
                    oparg = _Py_OPARG(originalUnit(data_, code_, unit * kUnit));
                }
                opcode = _PyOpcode_Deopt[opcode];
                arg = (arg << 8) | oparg;
                if (opcode != EXTENDED_ARG || unit + 1 >= static_cast<int>(depths_.size()))
                    break;
            }
            const int next = unit + 1 + _PyOpcode_Caches[opcode];
            if (opcode == CALL && unit > first)
                depths_[static_cast<size_t>(unit)] = kUnusable;
            if (int target = jumpTarget(opcode, arg, next); target >= 0)
                flow(target, depth + effect(opcode, arg, true));
            if (endsPath(opcode))
                return;
            depth += effect(opcode, arg, false);
            unit = next;
        }
    }

    static int effect(int opcode, int arg, bool jump) {
        static const std::array<int8_t, 256> known = knownEffects();
        if (const int8_t change = known[static_cast<size_t>(opcode)]; change != kVaries)
            return change;
        if (opcode == CALL)
            return -arg - 1;
        const int change = PyCompile_OpcodeStackEffectWithJump(opcode, arg, jump ? 1 : 0);
        return change == PY_INVALID_STACK_EFFECT ? 0 : change;
    }

    // What does not depend on the argument, nor on whether it jumps.
    static std::array<int8_t, 256> knownEffects() {
        std::array<int8_t, 256> effects{};
        for (int opcode = 0; opcode < 256; ++opcode) {
            const int argument = opcode >= HAVE_ARGUMENT ? 1 : 0;
            const int change = PyCompile_OpcodeStackEffectWithJump(opcode, argument, 0);
            bool varies = change != PyCompile_OpcodeStackEffectWithJump(opcode, argument, 1);
            for (int other : {0, 2, 3, 4, 8, 16, 32, 64, 128, 255})
                if (argument != 0)
                    varies |= change != PyCompile_OpcodeStackEffectWithJump(opcode, other, 0);
            const int stated = change == PY_INVALID_STACK_EFFECT ? 0 : change;
            effects[static_cast<size_t>(opcode)] = varies ? kVaries : static_cast<int8_t>(stated);
        }
        // PRECALL pops nothing, whatever the compiler's table says; CALL does.
        effects[PRECALL] = 0;
        effects[CALL] = kVaries;
        return effects;
    }
    static constexpr int8_t kVaries = INT8_MIN;

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
    const bool isPatched_;
    std::vector<int16_t> depths_;
    std::vector<std::pair<int, int>> pending_; // unit, depth
};

} // namespace

thread_local constinit Offer currentOffer;

static PyTypeObject takenType = [] {
    PyTypeObject type{};
    type.tp_name = "pyston.taken";
    return type;
}();
PyObject takenArgument = {PY_SSIZE_T_MAX / 2, &takenType}; // never dies

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

bool hasHookForOffer(const PyInterpreterState* interp) {
    return interp->eval_frame == takeOfferUnhooked;
}

PyObject* callOffering(PyThreadState* tstate, PyObject* function, PyObject** args, int64_t count,
                       size_t nargsf, PyObject* kwnames) {
    const OfferedArguments offer(function, args, count);
    PyInterpreterState* interp = tstate->interp;
    if (interp != unhookedInterpreter)
        return PyObject_Vectorcall(function, args, nargsf, kwnames);
    interp->eval_frame = takeOfferUnhooked;
    PyObject* result = PyObject_Vectorcall(function, args, nargsf, kwnames);
    if (hasHookForOffer(interp)) // it was not needed
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
        Py_DECREF(std::exchange(arguments.first[i], Py_NewRef(&takenArgument)));
}

} // namespace pyston::host
