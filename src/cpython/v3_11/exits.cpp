// From compiled code back to the interpreter: see cpu::RuntimeAddresses.
#include "exits/exit_table.h"

#include "cpython/api.h"
#include "cpython/v3_11/attribute_lookup.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/handlers.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/pending.h"
#include "cpython/v3_11/quiet_death.h"
#include "cpython/v3_11/special_methods.h"
#include "cpython/v3_11/traced_positions.h"
#include "cpython/v3_11/unwind.h"
#include "hir/hir.h"
#include "runtime/coverage.h"
#include "runtime/options.h"
#include "runtime/policy.h"
#include "runtime/stress.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#include <vector>

namespace pyston::host {
namespace {

using exits::Location;
using exits::MachineState;
using exits::Reason;
using exits::Record;
using exits::Repr;

// What materialize tells resume.
enum class Resume : uintptr_t {
    kInterpret,
    kUnwind,         // the exception gets a traceback entry for this frame
    kUnwindSilently, // it has one already, or gets none: raised again
    kReturn,         // an exception is set, the frame has not begun: return NULL
};
// The lower bits of the word are a Resume, the upper ones the address of the exit's Unwinding.
constexpr uintptr_t kResumeMask = 3;
static_assert(alignof(exits::Unwinding) > kResumeMask);

inline uint64_t bitsAt(const Location& location, const runtime::CodeBlob& blob,
                       const MachineState& state) {
    auto index = static_cast<size_t>(location.index);
    switch (location.kind) {
    case Location::kGpRegister:
        return state.gp[index];
    case Location::kFpRegister:
        return std::bit_cast<uint64_t>(state.fp[index]);
    case Location::kSpill:
        return state.spills[index];
    case Location::kConst:
        return blob.constants[index];
    default:
        return 0;
    }
}

// The object that an unboxed value stands for, as a new reference. NULL with MemoryError set when
// it cannot be made.
PyObject* makeBox(uint64_t bits, Repr repr) {
    switch (repr) {
    case Repr::kInt64:
    case Repr::kOptionalInt64:
        return PyLong_FromLongLong(static_cast<int64_t>(bits));
    case Repr::kDouble:
    case Repr::kOptionalDouble:
        return PyFloat_FromDouble(std::bit_cast<double>(bits));
    case Repr::kBool:
        return Py_NewRef((bits & 0xff) != 0 ? Py_True : Py_False);
    case Repr::kObject:
        break;
    }
    return nullptr;
}

// The object a value stands for, as a reference of its own if it had to be made.
inline PyObject* box(uint64_t bits, const Location& location) {
    if (location.repr != Repr::kObject)
        return makeBox(bits, location.repr);
    auto* object = reinterpret_cast<PyObject*>(bits);
    if (location.incref)
        Py_XINCREF(object);
    return object;
}

// The objects that were made for a record's numbers. What lies in one place is one number, and
// several locals may hold it: they get the same object.
class MadeNumbers {
  public:
    // Borrowed; null if there is none yet.
    PyObject* find(const Location& location) const {
        for (const Made& made : made_)
            if (made.kind == location.kind && made.index == location.index &&
                exits::isDouble(made.repr) == exits::isDouble(location.repr))
                return made.object;
        return nullptr;
    }
    void add(const Location& location, PyObject* object) {
        if (location.kind != Location::kConst && location.repr != Repr::kBool)
            made_.push_back({location.kind, location.repr, location.index, object});
    }

  private:
    struct Made {
        Location::Kind kind;
        Repr repr;
        int32_t index;
        PyObject* object;
    };
    std::vector<Made> made_;
};

// The flag behind `last` among a record's releases.
const Location* nextFlag(const Location* last) {
    do
        ++last;
    while (last->repr != Repr::kBool);
    return last;
}
bool isSet(const Location& flag, const runtime::CodeBlob& blob, const MachineState& state) {
    return (bitsAt(flag, blob, state) & 0xff) != 0;
}

int numInlinedValues(const runtime::CodeBlob& blob, const Record& record) {
    int count = 0;
    for (uint32_t i = 0; i < record.numInlined; ++i)
        count += blob.inlined[record.firstInlined + i].numValues();
    return count;
}

// Where a record's parts begin.
struct Parts {
    Parts(const runtime::CodeBlob& blob, const Record& record)
        : slots(&blob.locations[record.firstLocation]),
          releases(slots + blob.numSlots + record.stackDepth),
          inlined(releases + record.numReleases - numInlinedValues(blob, record)) {}
    const Location* slots;
    const Location* releases; // up to `inlined`
    const Location* inlined;
};

// Fills localsplus and the stack. `flag` is the last flag used, or what is before them. False with
// MemoryError set when a value could not be boxed: its slot is NULL then.
bool writeSlots(Frame* frame, const Location* locations, int count, const Location*& flag,
                const runtime::CodeBlob& blob, const MachineState& state, MadeNumbers& numbers) {
    bool complete = true;
    for (int i = 0; i < count; ++i) {
        const Location& location = locations[i];
        PyObject*& slot = frame->localsplus[i];
        if (location.kind == Location::kInFrame) {
            if (location.incref)
                Py_XINCREF(slot);
        } else if (location.kind == Location::kNull ||
                   (exits::isOptional(location.repr) &&
                    !isSet(*(flag = nextFlag(flag)), blob, state))) {
            slot = nullptr;
        } else if (location.repr == Repr::kObject) {
            slot = box(bitsAt(location, blob, state), location);
        } else if (PyObject* same = numbers.find(location)) {
            slot = Py_NewRef(same);
        } else {
            slot = box(bitsAt(location, blob, state), location);
            if (slot == nullptr)
                complete = false;
            else
                numbers.add(location, slot);
        }
    }
    return complete;
}

void releaseOthers(const runtime::CodeBlob& blob, const Record& record, const MachineState& state) {
    const Parts parts(blob, record);
    for (const Location* location = parts.releases; location != parts.inlined; ++location)
        if (location->repr == Repr::kObject)
            Py_XDECREF(reinterpret_cast<PyObject*>(bitsAt(*location, blob, state)));
}

// A bare `raise`, RERAISE and END_ASYNC_FOR raise what was raised here before.
bool raisesAgain(PyThreadState* tstate, int opcode, int oparg) {
    if (opcode == RERAISE || opcode == END_ASYNC_FOR)
        return true;
    if (opcode != RAISE_VARARGS || oparg != 0)
        return false;
    for (_PyErr_StackItem* item = tstate->exc_info; item != nullptr; item = item->previous_item) {
        if (item->exc_value != nullptr && item->exc_value != Py_None)
            return item->exc_value == tstate->curexc_value;
    }
    return false;
}

// Where a frame stands.
struct Position {
    int resumeOffset, instrOffset, stackDepth;
};
Position positionOf(const Record& record) {
    return {record.resumeOffset, record.instrOffset, record.stackDepth};
}

// RERAISE with an argument shows the frame at the instruction that raised first, whose offset lies
// on the stack below the handled exceptions.
void restoreLasti(Frame* frame, int stackDepth, int oparg) {
    int depth = stackDepth - (oparg + 1);
    if (oparg == 0 || depth < 0)
        return;
    PyObject* lasti = frame->localsplus[frame->f_code->co_nlocalsplus + depth];
    if (lasti != nullptr && PyLong_Check(lasti))
        frame->prev_instr = _PyCode_CODE(frame->f_code) + PyLong_AsLong(lasti);
}

exits::Unwinding unwindingOf(PyCodeObject* code, const runtime::CodeBlob& blob,
                             const Position& position) {
    HostCode* data = findHostCode(code);
    int offset = position.instrOffset;
    int lookup = offset;
    // What is pending is served on a loop edge: the interpreter has jumped already when that
    // raises. The frame state then is the target's; errors of the jump's own condition have the
    // jump's.
    for (const LoopEdge& edge : data->edges) {
        if (edge.jumpOffset == offset && position.resumeOffset == edge.target)
            lookup = edge.target - static_cast<int>(sizeof(_Py_CODEUNIT));
    }
    exits::Unwinding unwinding = findUnwinding(code, lookup);
    unwinding.line = PyCode_Addr2Line(code, offset);
    unwinding.opcode = _PyOpcode_Deopt[opcodeAt(data, code, offset)];
    if (unwinding.handler >= 0 && blob.owner == data)
        unwinding.entry = blob.entryAt(unwinding.handler);
    return unwinding;
}

// `complete`: all of the record's frames are there, so that this is the innermost.
uintptr_t raiseFrom(PyThreadState* tstate, Frame* frame, const Position& position,
                    runtime::CodeBlob& blob, Record& record, bool complete) {
    PyCodeObject* code = frame->f_code;
    auto index = static_cast<size_t>(record.unwinding);
    if (record.unwinding < 0 || !complete) {
        index = blob.unwindings.size();
        blob.unwindings.push_back(unwindingOf(code, blob, position));
        if (complete)
            record.unwinding = static_cast<int32_t>(index);
    }
    const exits::Unwinding& unwinding = blob.unwindings[index];
    frame->prev_instr = unitAt(code, position.instrOffset);
    const int oparg = _Py_OPARG(originalUnit(findHostCode(code), code, position.instrOffset));
    bool again = raisesAgain(tstate, unwinding.opcode, oparg);
    if (unwinding.opcode == RERAISE)
        restoreLasti(frame, position.stackDepth, oparg);
    auto how = again ? Resume::kUnwindSilently : Resume::kUnwind;
    return static_cast<uintptr_t>(how) | reinterpret_cast<uintptr_t>(&unwinding);
}

// See observe().
bool leftForTracing(PyThreadState* tstate, const Record& record) {
    return record.hirOpcode == static_cast<uint8_t>(hir::Opcode::kCheckEvalBreaker) &&
           tstate->curexc_type == nullptr;
}

// An instruction was executed, and tracing began meanwhile.
void standBehind(PyThreadState* tstate, Frame* frame, const Position& at) {
    const int opcode =
        _PyOpcode_Deopt[opcodeAt(findHostCode(frame->f_code), frame->f_code, at.instrOffset)];
    const int next = at.instrOffset + runtime::kCodeUnitBytes * (1 + _PyOpcode_Caches[opcode]);
    constexpr int kPrefixes = 3 * runtime::kCodeUnitBytes;
    const int back = at.instrOffset - at.resumeOffset;
    if (back >= 0 && back <= kPrefixes) {
        if (repeatsTest(opcode))
            answerUntraced(tstate, frame);
    } else if (at.resumeOffset != next) {
        standAtTarget(tstate, frame, at.instrOffset, at.resumeOffset);
    }
}

// The attribute's owner, which lies on top of the stack, is not what a guard expected.
void noteShape(Frame* frame, const Position& at) {
    if (at.stackDepth == 0)
        return;
    PyCodeObject* code = frame->f_code;
    HostCode* data = findHostCode(code);
    const int opcode = _PyOpcode_Deopt[opcodeAt(data, code, at.instrOffset)];
    if (opcode == BINARY_SUBSCR || opcode == STORE_SUBSCR) {
        // Below the key. Only what calls a function of Python is of use.
        PyObject* container = at.stackDepth > 1 ? frame->localsplus[frame->stacktop - 2] : nullptr;
        if (container != nullptr &&
            subscriptFunctionOf(Py_TYPE(container), opcode == STORE_SUBSCR) != nullptr)
            data->sites[at.instrOffset].addShape(shapeOf(container, nullptr));
        return;
    }
    if (opcode == BINARY_OP || opcode == COMPARE_OP) {
        PyObject* left = at.stackDepth > 1 ? frame->localsplus[frame->stacktop - 2] : nullptr;
        const int oparg = _Py_OPARG(originalUnit(data, code, at.instrOffset));
        if (left != nullptr &&
            (opcode == BINARY_OP ? operatorFunctionOf(Py_TYPE(left), oparg)
                                 : comparisonFunctionOf(Py_TYPE(left), oparg)) != nullptr)
            data->sites[at.instrOffset].addShape(shapeOf(left, nullptr));
        return;
    }
    PyObject* owner = frame->localsplus[frame->stacktop - 1];
    if ((opcode != LOAD_ATTR && opcode != STORE_ATTR && opcode != LOAD_METHOD) || owner == nullptr)
        return;
    PyObject* name = nullptr;
    if (at.resumeOffset == at.instrOffset) // else there is more of the argument
        name =
            PyTuple_GET_ITEM(code->co_names, _Py_OPARG(originalUnit(data, code, at.instrOffset)));
    data->sites[at.instrOffset].addShape(shapeOf(owner, name));
}

// The caller of an inlined frame stands at the call.
void standAtCall(Frame* frame, int instrOffset) {
    frame->prev_instr = unitAt(frame->f_code, instrOffset);
}

// A frame of the data stack for an inlined call, linked, its slots still undefined. Null when there
// is no memory (no exception is set).
Frame* pushInlinedFrame(PyThreadState* tstate, const exits::InlinedFrame& shape) {
    auto* function = reinterpret_cast<PyFunctionObject*>(const_cast<void*>(shape.function));
    Frame* made = pushFrame(tstate, function, reinterpret_cast<PyCodeObject*>(shape.data->code));
    if (made == nullptr)
        return nullptr;
    made->previous = tstate->cframe->current_frame;
    tstate->cframe->current_frame = made;
    --tstate->recursion_remaining;
    return made;
}

// Frame objects of inlined frames that were shown, and at which compiled code is left now: by
// frame, the innermost first; null where there is none.
std::vector<PyFrameObject*> objectsToKeep;

void giveObject(Frame* made, uint32_t index) {
    if (index >= objectsToKeep.size())
        return;
    PyFrameObject* object = std::exchange(objectsToKeep[objectsToKeep.size() - 1 - index], nullptr);
    made->frame_obj = object;
    if (object != nullptr)
        object->f_frame = made;
}

void releaseMoved(const Location* begin, const Location* end, const runtime::CodeBlob& blob,
                  const MachineState& state) {
    for (; begin != end; ++begin)
        if (begin->repr == Repr::kObject && !begin->incref && begin->kind != Location::kNull)
            Py_XDECREF(reinterpret_cast<PyObject*>(bitsAt(*begin, blob, state)));
}

// Makes the frames of inlined calls; `innermost` and `at` become those of the last one. Each takes
// the level of recursion of its caller, which goes on to hold it: the last one's is not taken yet.
// False with MemoryError set when something could not be made.
bool pushInlined(PyThreadState* tstate, Frame** innermost, Position* at, const Location* flag,
                 const runtime::CodeBlob& blob, const Record& record, const MachineState& state,
                 MadeNumbers& numbers) {
    const Location* values = Parts(blob, record).inlined;
    const Location* const end = values + numInlinedValues(blob, record);
    bool complete = true;
    for (uint32_t i = 0; i < record.numInlined; ++i) {
        const exits::InlinedFrame& shape = blob.inlined[record.firstInlined + i];
        standAtCall(*innermost, at->instrOffset);
        Frame* made = pushInlinedFrame(tstate, shape);
        if (made == nullptr) {
            releaseMoved(values, end, blob, state);
            PyErr_NoMemory();
            return false;
        }
        complete &= writeSlots(made, values, shape.numValues(), flag, blob, state, numbers);
        made->stacktop = shape.numValues();
        giveObject(made, i);
        values += shape.numValues();
        *innermost = made;
        *at = {shape.resumeOffset, shape.instrOffset, shape.stackDepth};
    }
    return complete;
}

// What the operation that comes next works on.
void lookAtOperands(const Frame* frame, const runtime::CodeBlob& blob, const Record& record) {
    lookAtLocals(blob.owner, frame);
    runtime::SiteProfile& site = blob.owner->sites[record.instrOffset];
    PyObject* const* top = frame->localsplus + frame->stacktop;
    for (size_t i = 0; i < site.operands.size() && i < record.stackDepth; ++i) {
        PyObject* object = *(top - 1 - i);
        site.operands[i] = object ? exactClassOf(object) : hir::ExactClass::kUnknown;
    }
}

// Where code is left often before it is compiled again, most exits say nothing new.
bool teaches(const Record& record) {
    constexpr uint32_t kAll = 32;
    constexpr uint32_t kOneOf = 16;
    return record.count < kAll || record.count % kOneOf == 0;
}

uintptr_t materialize(PyThreadState* tstate, Frame* frame, void* blobPointer, uint32_t exitIndex,
                      const MachineState* state) {
    auto& blob = *static_cast<runtime::CodeBlob*>(blobPointer);
    Record& record = blob.exits[exitIndex];
    bool raised = record.reason == Reason::kError && !leftForTracing(tstate, record);
    const Parts parts(blob, record);
    const Location* flag = parts.releases - 1;
    MadeNumbers numbers;
    bool complete = writeSlots(frame, parts.slots, blob.numSlots + record.stackDepth, flag, blob,
                               *state, numbers);
    frame->stacktop = blob.numSlots + record.stackDepth;
    Frame* innermost = frame;
    Position at = positionOf(record);
    if (record.numInlined != 0) {
        complete &= pushInlined(tstate, &innermost, &at, flag, blob, record, *state, numbers);
        for (PyFrameObject* object : std::exchange(objectsToKeep, {}))
            Py_XDECREF(object); // for want of memory
    }

    uintptr_t result;
    if (raised || !complete) {
        result = raiseFrom(tstate, innermost, at, blob, record, complete);
    } else {
        setNextOffset(innermost, at.resumeOffset);
        result = static_cast<uintptr_t>(Resume::kInterpret);
    }
    if (record.reason == Reason::kGuard && teaches(record)) {
        noteShape(innermost, at);
        if (!blob.retired)
            lookAtLocals(blob.owner, frame);
    }
    if (record.reason == Reason::kProbe) {
        lookAtOperands(frame, blob, record);
        noteShape(innermost, at);
    }
    // From here on other code may run and see the frame.
    releaseOthers(blob, record, *state);
    if (!raised && complete && tstate->cframe->use_tracing)
        standBehind(tstate, innermost, at);
    if (runtime::wasExitForced()) {
        ++runtime::statistics().exits[static_cast<size_t>(Reason::kForced)];
        runtime::coverExit(Reason::kForced, record.hirOpcode);
    } else {
        runtime::countExit(&blob, &record);
    }
    // On failure it gives back the level that the entry took.
    if (record.reason == Reason::kRecursion && _Py_CheckRecursiveCall(tstate, "") != 0)
        return static_cast<uintptr_t>(Resume::kReturn);
    ++tstate->recursion_remaining;
    return result;
}

// Objects made for showing unboxed values.
class Boxes {
  public:
    Boxes() = default;
    Boxes(const Boxes&) = delete;
    Boxes& operator=(const Boxes&) = delete;
    ~Boxes() {
        for (size_t i = 0; i < numFirst_; ++i)
            Py_XDECREF(first_[i]);
        for (PyObject* object : further_)
            Py_XDECREF(object);
    }
    // What shows the number that lies there; null for want of memory.
    PyObject* show(uint64_t bits, const Location& location) {
        if (PyObject* same = numbers_.find(location))
            return same;
        PyObject* object = add(box(bits, location));
        if (object != nullptr)
            numbers_.add(location, object);
        else
            PyErr_Clear();
        return object;
    }

  private:
    PyObject* add(PyObject* object) {
        if (numFirst_ < first_.size())
            first_[numFirst_++] = object;
        else
            further_.push_back(object);
        return object;
    }

    std::array<PyObject*, 8> first_;
    size_t numFirst_ = 0;
    std::vector<PyObject*> further_;
    MadeNumbers numbers_;
};

// Makes locals visible, as borrowed references: compiled code keeps its own. A value that cannot be
// boxed for want of memory shows as unbound.
void show(Frame* frame, const Location* locations, int count, const Location*& flag,
          const runtime::CodeBlob& blob, const MachineState& state, Boxes& boxes) {
    for (int i = 0; i < count; ++i) {
        Location location = locations[i];
        if (location.kind == Location::kInFrame)
            continue;
        if (exits::isOptional(location.repr) && !isSet(*(flag = nextFlag(flag)), blob, state)) {
            frame->localsplus[i] = nullptr;
            continue;
        }
        location.incref = false;
        const uint64_t bits = bitsAt(location, blob, state);
        frame->localsplus[i] =
            location.repr == Repr::kObject ? box(bits, location) : boxes.show(bits, location);
    }
}

void showLocals(Frame* frame, const runtime::CodeBlob& blob, const Record& record,
                const MachineState& state, Boxes& boxes) {
    const Parts parts(blob, record);
    const Location* flag = parts.releases - 1;
    show(frame, parts.slots, blob.numSlots, flag, blob, state, boxes);
    if (record.instrOffset >= 0)
        frame->prev_instr = unitAt(frame->f_code, record.instrOffset);
}

// The frames of inlined calls, while code runs that may look at them.
class InlinedFrames {
  public:
    InlinedFrames(PyThreadState* tstate, const runtime::CodeBlob& blob, const Record& record,
                  const MachineState& state, Boxes& boxes)
        : tstate_(tstate) {
        const Parts parts(blob, record);
        const Location* flag = parts.releases - 1;
        for (const Location* outer = parts.slots; outer != parts.releases; ++outer)
            if (exits::isOptional(outer->repr))
                flag = nextFlag(flag);
        const Location* values = parts.inlined;
        for (uint32_t i = 0; i < record.numInlined; ++i) {
            const exits::InlinedFrame& shape = blob.inlined[record.firstInlined + i];
            Frame* made = pushInlinedFrame(tstate, shape);
            if (made == nullptr)
                return;
            frames_.push_back(made);
            show(made, values, shape.numSlots, flag, blob, state, boxes);
            for (int n = shape.numSlots; n < shape.numValues(); ++n)
                if (exits::isOptional(values[n].repr))
                    flag = nextFlag(flag);
            made->prev_instr = unitAt(made->f_code, shape.instrOffset);
            made->stacktop = kInNative;
            values += shape.numValues();
        }
    }
    InlinedFrames(const InlinedFrames&) = delete;
    InlinedFrames& operator=(const InlinedFrames&) = delete;
    // The exit that is taken next makes the frames again.
    void keepObjects() { keepsObjects_ = true; }
    // A frame object that somebody keeps is left with what the frame shows now.
    ~InlinedFrames() {
        while (!frames_.empty()) {
            Frame* made = frames_.back();
            frames_.pop_back();
            made->stacktop = 0;
            if (keepsObjects_) {
                objectsToKeep.push_back(std::exchange(made->frame_obj, nullptr));
            } else if (made->frame_obj != nullptr) {
                made->stacktop = made->f_code->co_nlocalsplus;
                std::for_each(made->localsplus, made->localsplus + made->stacktop,
                              [](PyObject* local) { Py_XINCREF(local); });
            }
            tstate_->cframe->current_frame = made->previous;
            ++tstate_->recursion_remaining;
            clearAndPopFrame(tstate_, made);
        }
    }

  private:
    PyThreadState* tstate_;
    std::vector<Frame*> frames_;
    bool keepsObjects_ = false;
};

// (Not inlined: what it keeps on the stack takes time to set up.)
[[gnu::noinline]] int observeRecord(PyThreadState* tstate, Frame* frame,
                                    const runtime::CodeBlob& blob, uint32_t exitIndex,
                                    const MachineState* state, PyObject* dead) {
    Boxes boxes;
    const Record& record = blob.exits[exitIndex];
    runtime::coverExit(Reason::kObserved, record.hirOpcode);
    showLocals(frame, blob, record, *state, boxes);
    InlinedFrames inlined(tstate, blob, record, *state, boxes);
    if (dead == nullptr) {
        // What was pending may have begun to trace this thread: leaves without an exception then.
        const int failed = handlePending(tstate);
        return failed == 0 && tstate->cframe->use_tracing ? -1 : failed;
    }
    Py_TYPE(dead)->tp_dealloc(dead);
    if (record.reason != Reason::kTracing || !tstate->cframe->use_tracing)
        return 0;
    inlined.keepObjects();
    return -1;
}

int observe(PyThreadState* tstate, Frame* frame, void* blob, uint32_t exitIndex,
            const MachineState* state, PyObject* dead) {
    if (dead != nullptr && diesQuietly(dead)) {
        Py_TYPE(dead)->tp_dealloc(dead);
        return 0;
    }
    return observeRecord(tstate, frame, *static_cast<const runtime::CodeBlob*>(blob), exitIndex,
                         state, dead);
}

PyObject* resumeFrame(PyThreadState* tstate, Frame* frame, uintptr_t how) {
    tstate->cframe->current_frame = frame->previous;
    auto what = static_cast<Resume>(how & kResumeMask);
    switch (what) {
    case Resume::kInterpret:
        if (HostCode* data = findHostCode(frame->f_code))
            watchLoops(data); // they lead back to compiled code
        return continueFrame(tstate, frame, 0);
    case Resume::kReturn:
        return nullptr;
    case Resume::kUnwind:
    case Resume::kUnwindSilently:
        break;
    }
    const auto& unwinding = *reinterpret_cast<const exits::Unwinding*>(how & ~kResumeMask);
    if (what == Resume::kUnwind && isInterpretersToUnwind(tstate, frame, unwinding.handler))
        [[unlikely]]
        return continueRaising(tstate, frame);
    if (!unwindFrame(tstate, frame, unwinding, what == Resume::kUnwind))
        return nullptr;
    return continueAtHandler(tstate, frame, unwinding);
}

// An inlined call has returned, or raised. Its caller has held its level of recursion.
PyObject* continueAfterCall(PyThreadState* tstate, Frame* caller, PyObject* result) {
    PyCodeObject* code = caller->f_code;
    const int offset = nextOffset(caller) - runtime::kCodeUnitBytes;
    ++tstate->recursion_remaining;
    tstate->cframe->current_frame = caller->previous;
    if (result == nullptr) {
        static exits::Unwinding unwinding; // not on the stack, see resume()
        unwinding = findUnwinding(code, offset);
        if (isInterpretersToUnwind(tstate, caller, unwinding.handler))
            return continueRaising(tstate, caller);
        if (!unwindFrame(tstate, caller, unwinding, true))
            return nullptr;
        return continueAtHandler(tstate, caller, unwinding);
    } else {
        const int opcode = _PyOpcode_Deopt[opcodeAt(findHostCode(code), code, offset)];
        caller->prev_instr += _PyOpcode_Caches[opcode];
        if (opcode == STORE_SUBSCR)
            Py_DECREF(result); // of __setitem__
        else
            caller->localsplus[caller->stacktop++] = result;
    }
    if (HostCode* data = findHostCode(code))
        watchLoops(data);
    return continueFrame(tstate, caller, 0);
}

// `frame` is that of the native function, the current one the innermost.
PyObject* resumeInlined(PyThreadState* tstate, Frame* frame, uintptr_t how) {
    Frame* innermost = tstate->cframe->current_frame;
    Frame* caller = innermost->previous;
    PyObject* result = resumeFrame(tstate, innermost, how);
    while (caller != frame) {
        clearAndPopFrame(tstate, innermost);
        innermost = caller;
        caller = innermost->previous;
        result = continueAfterCall(tstate, innermost, result);
    }
    clearAndPopFrame(tstate, innermost);
    return continueAfterCall(tstate, frame, result);
}

// Runs after the native frame is gone; its result is the native function's. What continues is
// tail-called: a loop may come here in each iteration.
PyObject* resume(PyThreadState* tstate, Frame* frame, uintptr_t how) {
    if (tstate->cframe->current_frame == frame) [[likely]]
        return resumeFrame(tstate, frame, how);
    return resumeInlined(tstate, frame, how);
}

void dealloc(PyObject* object) {
    _Py_Dealloc(object);
}

} // namespace

uint64_t materializeAddress() {
    return reinterpret_cast<uint64_t>(&materialize);
}
uint64_t resumeAddress() {
    return reinterpret_cast<uint64_t>(&resume);
}
uint64_t deallocAddress() {
    return reinterpret_cast<uint64_t>(&dealloc);
}
uint64_t observeAddress() {
    return reinterpret_cast<uint64_t>(&observe);
}

} // namespace pyston::host
