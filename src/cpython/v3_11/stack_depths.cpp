#include "cpython/v3_11/stack_depths.h"

#include "cpython/v3_11/exception_table.h"
#include "cpython/v3_11/osr.h"

#include <array>
#include <utility>
#include <vector>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);
constexpr int16_t kUnknown = -1;

int jumpTarget(int opcode, int arg, int next) {
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

// The base instruction and the argument at a unit, looking through patches.
class Units {
  public:
    explicit Units(const HostCode* data)
        : data_(data), code_(reinterpret_cast<PyCodeObject*>(data->code)),
          isPatched_(data->loopsPatched || data->entryPatch.stands() ||
                     data->adoption.patch.stands()) {}
    PyCodeObject* code() const { return code_; }
    int size() const { return static_cast<int>(Py_SIZE(code_)); }
    int opcode(int unit) const {
        return _PyOpcode_Deopt[isPatched_ ? opcodeAt(data_, code_, unit * kUnit)
                                          : _Py_OPCODE(*unitAt(code_, unit * kUnit))];
    }
    int argument(int unit) const {
        return _Py_OPARG(isPatched_ ? originalUnit(data_, code_, unit * kUnit)
                                    : *unitAt(code_, unit * kUnit));
    }

  private:
    const HostCode* data_;
    PyCodeObject* code_;
    const bool isPatched_;
};

// The depth of the value stack before each instruction, by following the code from its start and
// from its exception handlers. Prefixes have the depth of their instruction.
class StackDepths {
  public:
    explicit StackDepths(const HostCode* data)
        : units_(data), depths_(static_cast<size_t>(units_.size()), kUnknown) {
        // A generator's code finds on the stack what it is first sent, from RETURN_GENERATOR on;
        // the compiler counts it from the start.
        constexpr int kIsResumed = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
        flow(0, (units_.code()->co_flags & kIsResumed) != 0 ? 1 : 0);
        forEachExceptionEntry(units_.code()->co_exceptiontable,
                              [this](const ExceptionEntry& entry) {
                                  flow(entry.target, entry.depth + (entry.pushesLasti ? 1 : 0) + 1);
                                  return true;
                              });
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
               depth < kUnusableDepth && depths_[static_cast<size_t>(unit)] == kUnknown;
    }
    void flow(int unit, int depth) {
        if (isNew(unit, depth))
            pending_.emplace_back(unit, depth);
    }

    // From an instruction to where the path ends, or to what is known already.
    void follow(int unit, int depth) {
        while (isNew(unit, depth)) {
            int first = unit, arg = 0, opcode = 0;
            for (;; ++unit) {
                depths_[static_cast<size_t>(unit)] = static_cast<int16_t>(depth);
                opcode = units_.opcode(unit);
                arg = (arg << 8) | units_.argument(unit);
                if (opcode != EXTENDED_ARG || unit + 1 >= static_cast<int>(depths_.size()))
                    break;
            }
            const int next = unit + 1 + _PyOpcode_Caches[opcode];
            if (opcode == CALL && unit > first)
                depths_[static_cast<size_t>(unit)] = kUnusableDepth;
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

    const Units units_;
    std::vector<int16_t> depths_;
    std::vector<std::pair<int, int>> pending_; // unit, depth
};

} // namespace

Surroundings lookAround(const HostCode* data, int first, int count) {
    const Units units(data);
    const auto isInside = [&](int unit) { return unit > first && unit < first + count; };
    Surroundings found;
    forEachExceptionEntry(units.code()->co_exceptiontable, [&](const ExceptionEntry& entry) {
        found.isJumpedInto |= isInside(entry.target);
        return true;
    });
    for (int unit = 0, arg = 0, next; unit < units.size(); unit = next) {
        const int opcode = units.opcode(unit);
        next = unit + 1 + _PyOpcode_Caches[opcode];
        arg = (arg << 8) | units.argument(unit);
        found.isJumpedInto |= isInside(jumpTarget(opcode, arg, next));
        if (next == first)
            found.before = unit;
        if (opcode != EXTENDED_ARG)
            arg = 0;
    }
    return found;
}

int stackDepthAt(HostCode* data, int unit) {
    if (data->stackDepths.empty())
        data->stackDepths = StackDepths(data).take();
    return data->stackDepths[static_cast<size_t>(unit)];
}

} // namespace pyston::host
