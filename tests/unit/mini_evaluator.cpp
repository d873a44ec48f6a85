#include "mini_evaluator.h"

#include "passes/fold.h"
#include "runtime/helpers.h"

#include <algorithm>
#include <bit>

namespace pyston::mini {

using namespace hir;
using runtime::Helper;

namespace {

bool isClass(const Object* object, ExactClass c) {
    switch (c) {
    case ExactClass::kInt:
        return object->kind == Object::kInt || object->kind == Object::kBig;
    case ExactClass::kBool:
        return object->kind == Object::kBool;
    case ExactClass::kNoneType:
        return object->kind == Object::kNone;
    case ExactClass::kFloat:
        return object->kind == Object::kFloat;
    case ExactClass::kCell:
        return object->kind == Object::kCell;
    case ExactClass::kTuple:
        return object->kind == Object::kTuple;
    case ExactClass::kList:
        return object->kind == Object::kList;
    case ExactClass::kListIterator:
        return object->kind == Object::kListIterator;
    case ExactClass::kTupleIterator:
        return object->kind == Object::kTupleIterator;
    default:
        return false;
    }
}

Object** listItem(Object* list, int64_t i) {
    auto length = static_cast<int64_t>(list->items.size());
    i = i < 0 ? i + length : i;
    return i >= 0 && i < length ? &list->items[static_cast<size_t>(i)] : nullptr;
}

} // namespace

Object* Evaluator::box(const Instr* value, bool* fresh) {
    *fresh = false;
    if (!value) {
        return nullptr;
    }
    const Value& held = at(value);
    if (auto* n = std::get_if<int64_t>(&held)) {
        *fresh = true;
        return world_.make(Object::kInt, *n);
    }
    if (auto* d = std::get_if<double>(&held)) {
        *fresh = true;
        return world_.makeFloat(*d);
    }
    if (auto* b = std::get_if<bool>(&held)) {
        return world_.boolean(*b);
    }
    return std::get<Object*>(held);
}

Object* Evaluator::shown(const Instr* value) {
    bool fresh = false;
    Object* object = box(value, &fresh);
    if (fresh) {
        object->immortal = true;
    }
    return object;
}

void Evaluator::showInlined(const FrameState* innermost) {
    world_.frames.resize(1);
    for (const FrameState* state = innermost; state->parent; state = state->parent) {
        Frame frame;
        frame.offset = state->instrOffset;
        std::ranges::transform(state->slots, std::back_inserter(frame.slots),
                               [&](const Instr* value) { return shown(value); });
        world_.frames.insert(world_.frames.begin() + 1, frame);
    }
}

void Evaluator::observe(const Instr* instr) {
    const FrameState* state = instr->frameState();
    if (frameInMemory_ || world_.frameGone || !state) {
        return;
    }
    showInlined(state);
    while (state->parent) {
        state = state->parent;
    }
    outermost().offset = state->instrOffset;
    std::ranges::transform(state->slots, outermost().slots.begin(),
                           [&](const Instr* value) { return shown(value); });
}

void Evaluator::show(const Instr* instr) {
    if (!frameInMemory_ || world_.frameGone) {
        return observe(instr);
    }
    const FrameState* state = instr->frameState();
    const ExitReferences* refs = instr->exitReferences();
    if (!state) {
        std::ranges::fill(outermost().slots, nullptr);
        return;
    }
    if (!refs) {
        throw Failure("observation without references");
    }
    showInlined(state);
    while (state->parent) {
        state = state->parent;
    }
    outermost().offset = state->instrOffset;
    for (size_t i = 0; i < state->slots.size(); i++) {
        Object* seen = shown(state->slots[i]);
        if (state->slots[i] && refs->slots[i] == ExitReferences::kInFrame &&
            outermost().slots[i] != seen) {
            throw Failure("slot " + std::to_string(i) + " is not in the frame");
        }
        outermost().slots[i] = seen;
    }
}

Frame Evaluator::makeFrame(const FrameState* state,
                           const std::vector<ExitReferences::Action>* actions, size_t* next) {
    Frame frame;
    frame.offset = state->instrOffset;
    if (state->parent) {
        frame.function = static_cast<int>(reinterpret_cast<intptr_t>(state->inlined->function));
        frame.returnsTo = state->parent->resumeOffset / 2;
    }
    for (size_t i = 0; i < state->slots.size(); i++) {
        bool fresh = false;
        Object* value = world_.alive(box(state->slots[i], &fresh));
        const ExitReferences::Action action =
            actions ? (*actions)[(*next)++] : ExitReferences::kMove;
        if (value && !fresh) {
            switch (action) {
            case ExitReferences::kMove:
                break;
            case ExitReferences::kIncref:
                world_.incref(value);
                break;
            case ExitReferences::kInFrame:
                if (state->parent || (frameInMemory_ && outermost().slots[i] != value)) {
                    throw Failure("slot " + std::to_string(i) + " is not in the frame");
                }
                break;
            case ExitReferences::kConsumed:
                value = nullptr;
                break;
            }
        }
        frame.slots.push_back(value);
    }
    return frame;
}

// The frames get their references as the exit's record says.
void Evaluator::leave(const Instr* instr) {
    const FrameState* state = instr->frameState();
    const ExitReferences* refs = instr->exitReferences();
    if (world_.counting && !refs) {
        throw Failure("exit without references");
    }
    exitIndex = state->resumeOffset / 2;
    exitedAt = "v" + std::to_string(instr->id()) + " " + std::string(instr->info().name);
    std::vector<Frame> frames;
    for (size_t next = 0; state->parent; state = state->parent) {
        frames.insert(frames.begin(), makeFrame(state, refs ? &refs->inlined : nullptr, &next));
    }
    size_t first = 0;
    frames.insert(frames.begin(), makeFrame(state, refs ? &refs->slots : nullptr, &first));
    world_.frames = std::move(frames);
    for (const Instr* released : refs ? refs->releases : std::vector<Instr*>()) {
        world_.decref(object(released));
    }
    throw Left();
}

Evaluator::Value Evaluator::callFunction(const Instr* instr) {
    observe(instr);
    std::vector<Object*> arguments;
    for (const Instr* argument : instr->operands().subspan(1)) {
        arguments.push_back(object(argument));
    }
    return interpreter_.call(static_cast<int>(object(instr->operand(0))->value), arguments);
}

void Evaluator::enterBlock(const Block* from, const Block* to) {
    size_t edge = to->predIndex(from);
    std::vector<std::pair<const Instr*, Value>> moved;
    for (const Instr* phi : to->instrs()) {
        if (!phi->isPhi()) {
            break;
        }
        moved.emplace_back(phi, at(phi->operand(edge)));
    }
    for (auto& [phi, value] : moved) {
        at(phi) = value;
    }
}

Object* Evaluator::run(const Block* block) {
    values_.assign(static_cast<size_t>(fn_.numInstrIds()), Value());
    int steps = 0;
    try {
        for (;;) {
            for (const Instr* instr : block->instrs()) {
                current_ = "bb" + std::to_string(block->id()) + " v" + std::to_string(instr->id()) +
                           " " + std::string(instr->info().name);
                if (++steps > 1000000) {
                    throw Failure("compiled code does not end");
                }
                if (instr->opcode() == Opcode::kReturn) {
                    return world_.alive(object(instr->operand(0)));
                }
                if (!instr->isPhi() && !instr->isTerminator()) {
                    at(instr) = evaluate(instr);
                }
            }
            const Instr* last = block->terminator();
            const Block* next = nullptr;
            switch (last->opcode()) {
            case Opcode::kJump:
                next = last->target(0);
                break;
            case Opcode::kBranch:
                next = last->target(boolean(last->operand(0)) ? 0 : 1);
                break;
            case Opcode::kBranchNull:
                next = last->target(std::get<Object*>(at(last->operand(0))) ? 1 : 0);
                break;
            default:
                leave(last);
            }
            enterBlock(block, next);
            block = next;
        }
    } catch (const Left&) {
        return nullptr;
    } catch (const Failure& failure) {
        throw Failure(std::string(failure.what()) + " at " + current_);
    }
}

Evaluator::Value Evaluator::evaluate(const Instr* instr) {
    switch (instr->opcode()) {
    case Opcode::kConstObject:
        if (std::optional<double> number = floatAtAddress(instr->imm())) {
            return world_.immortalFloat(*number);
        }
        return instr->imm() == kNoneAddress
                   ? world_.none()
                   : world_.immortal(Object::kInt, intAtAddress(instr->imm()));
    case Opcode::kConstInt:
        return instr->imm();
    case Opcode::kConstDouble:
        return std::bit_cast<double>(instr->imm());
    case Opcode::kConstBool:
        return instr->imm() != 0;
    case Opcode::kConstNull:
        return static_cast<Object*>(nullptr);
    case Opcode::kLoadFrameSlot:
        return outermost().slots[static_cast<size_t>(instr->imm())];
    case Opcode::kGuardType:
    case Opcode::kGuardTypeVersion:
    case Opcode::kGuardNotNull:
    case Opcode::kGuardIs:
    case Opcode::kGuardTrue:
    case Opcode::kGuardFalse:
    case Opcode::kRefine:
        return evaluateGuard(instr);
    case Opcode::kUnboxInt: {
        const Object* value = object(instr->operand(0));
        if (value->kind != Object::kInt || value->value >= int64_t{1} << 60 ||
            value->value <= -(int64_t{1} << 60)) {
            leave(instr);
        }
        return value->value;
    }
    case Opcode::kBoxInt:
        return world_.make(Object::kInt, integer(instr->operand(0)));
    case Opcode::kUnboxDouble:
        return object(instr->operand(0))->number;
    case Opcode::kBoxDouble:
        return world_.makeFloat(real(instr->operand(0)));
    case Opcode::kIntToDouble:
        return static_cast<double>(integer(instr->operand(0)));
    case Opcode::kReplaceNull: {
        Object* value = object(instr->operand(0));
        return value ? value : object(instr->operand(1));
    }
    case Opcode::kOptional: // a number or NULL
        return boolean(instr->operand(1)) ? at(instr->operand(0))
                                          : Value(static_cast<Object*>(nullptr));
    case Opcode::kBoxOptional: {
        bool fresh = false;
        return box(instr->operand(0), &fresh);
    }
    case Opcode::kUnboxBool:
        return object(instr->operand(0))->value != 0;
    case Opcode::kBoxBool:
        return world_.boolean(boolean(instr->operand(0)));
    case Opcode::kBoolNot:
        return !boolean(instr->operand(0));
    case Opcode::kBoolToInt:
        return int64_t{boolean(instr->operand(0))};
    case Opcode::kObjectIs:
        return World::same(object(instr->operand(0)), object(instr->operand(1)));
    case Opcode::kIsClass:
        return isClass(object(instr->operand(0)), instr->immClass());
    case Opcode::kIntCompare:
        return passes::foldIntCompare(instr->condition(), integer(instr->operand(0)),
                                      integer(instr->operand(1)));
    case Opcode::kDoubleCompare:
        return passes::foldDoubleCompare(instr->condition(), real(instr->operand(0)),
                                         real(instr->operand(1)));
    case Opcode::kIterNext:
        observe(instr);
        return world_.next(object(instr->operand(0)));
    case Opcode::kIterLeft:
        return World::itemsLeft(object(instr->operand(0)));
    case Opcode::kSequenceIterNext:
        return world_.alive(World::takeItem(object(instr->operand(0))));
    case Opcode::kListGet:
    case Opcode::kListSet:
    case Opcode::kListLen:
    case Opcode::kTupleGet:
    case Opcode::kTupleLen:
    case Opcode::kCellGet:
    case Opcode::kCellSet:
    case Opcode::kLoadInstanceValue:
    case Opcode::kStoreInstanceValue:
        return evaluateMemory(instr);
    case Opcode::kCallRuntime:
        return evaluateHelper(instr);
    case Opcode::kCallDirect:
        return callFunction(instr);
    case Opcode::kGuardRecursion:
        if (world_.recursionEnds()) {
            leave(instr);
        }
        return Value();
    default:
        break;
    }
    if (instr->type().rep == Rep::kInt64) {
        return evaluateInt(instr);
    }
    if (instr->type().rep == Rep::kDouble) {
        return evaluateDouble(instr);
    }
    return evaluateLate(instr);
}

Evaluator::Value Evaluator::evaluateGuard(const Instr* instr) {
    const Value& value = at(instr->operand(0));
    Object* held = std::holds_alternative<Object*>(value) ? object(instr->operand(0)) : nullptr;
    bool holds = true;
    switch (instr->opcode()) {
    case Opcode::kGuardType:
        holds = isClass(held, instr->immClass());
        break;
    case Opcode::kGuardTypeVersion:
        holds = held->kind == Object::kInstance && world_.typeVersion == instr->imm();
        break;
    case Opcode::kGuardNotNull:
        holds = held != nullptr;
        break;
    case Opcode::kGuardTrue:
        holds = std::get<bool>(value);
        break;
    case Opcode::kGuardFalse:
        holds = !std::get<bool>(value);
        break;
    case Opcode::kRefine:
        break;
    default:
        throw Failure("unexpected guard");
    }
    if (!holds) {
        leave(instr);
    }
    return value;
}

Evaluator::Value Evaluator::evaluateInt(const Instr* instr) {
    int64_t a = integer(instr->operand(0));
    int64_t b = instr->numOperands() > 1 ? integer(instr->operand(1)) : 0;
    std::optional<int64_t> result = passes::foldInt(instr->opcode(), a, b);
    if (!result) {
        leave(instr);
    }
    return *result;
}

Evaluator::Value Evaluator::evaluateDouble(const Instr* instr) {
    double a = real(instr->operand(0));
    double b = instr->numOperands() > 1 ? real(instr->operand(1)) : 0;
    std::optional<double> result = passes::foldDouble(instr->opcode(), a, b);
    if (!result) {
        leave(instr);
    }
    return *result;
}

Evaluator::Value Evaluator::evaluateMemory(const Instr* instr) {
    Object* container = object(instr->operand(0));
    Object** place = nullptr;
    switch (instr->opcode()) {
    case Opcode::kListLen:
    case Opcode::kTupleLen:
        return static_cast<int64_t>(container->items.size());
    case Opcode::kListGet:
    case Opcode::kListSet:
    case Opcode::kTupleGet:
        place = listItem(container, integer(instr->operand(1)));
        break;
    case Opcode::kCellGet:
    case Opcode::kCellSet:
        place = container->items.data();
        break;
    default:
        place = container->hasDict ? nullptr : &container->items[static_cast<size_t>(instr->imm())];
        break;
    }
    if (!place) {
        leave(instr);
    }
    Object* old = *place;
    if (instr->has(kWriteHeap)) {
        *place = object(instr->operand(instr->numOperands() - 1));
    }
    return world_.alive(old);
}

Evaluator::Value Evaluator::evaluateHelper(const Instr* instr) {
    auto helper = static_cast<Helper>(instr->imm());
    if (instr->has(kRunPython)) {
        observe(instr);
    }
    switch (helper) {
    case Helper::kBinaryOp:
        return world_.arithmetic(static_cast<char>(instr->imm2()), object(instr->operand(0)),
                                 object(instr->operand(1)));
    case Helper::kLoadAttr:
        return world_.opaque("call", object(instr->operand(0)), object(instr->operand(1)));
    case Helper::kGetIter:
        return world_.iterate(object(instr->operand(0)));
    case Helper::kCompareTruth:
        return world_.less(object(instr->operand(0)), object(instr->operand(1)));
    case Helper::kIsTrue:
        return world_.truth(object(instr->operand(0)));
    case Helper::kNewIntOrNull:
        return world_.make(Object::kInt, integer(instr->operand(0)));
    case Helper::kNewOptionalIntOrNull:
        return boolean(instr->operand(1)) ? world_.make(Object::kInt, integer(instr->operand(0)))
                                          : nullptr;
    case Helper::kNewFloatOrNull:
        return world_.makeFloat(real(instr->operand(0)));
    case Helper::kNewOptionalFloatOrNull:
        return boolean(instr->operand(1)) ? world_.makeFloat(real(instr->operand(0))) : nullptr;
    default:
        throw Failure("unexpected helper");
    }
}

// What concerns references and the frame.
Evaluator::Value Evaluator::evaluateLate(const Instr* instr) {
    switch (instr->opcode()) {
    case Opcode::kDrop:
        if (world_.counting) {
            throw Failure("Drop after reference counts were inserted");
        }
        return Value();
    case Opcode::kIncref:
        world_.incref(object(instr->operand(0)));
        return Value();
    case Opcode::kDecref: {
        Object* released = object(instr->operand(0));
        if (released && world_.decrefToZero(released)) {
            const bool quiet = released->kind == Object::kInt || released->kind == Object::kBig ||
                               released->kind == Object::kFloat;
            if (!quiet) {
                show(instr);
            }
            world_.kill(released);
            world_.frames.resize(1);
        }
        return Value();
    }
    case Opcode::kStoreFrameSlot:
        outermost().slots[static_cast<size_t>(instr->imm())] = object(instr->operand(0));
        return Value();
    case Opcode::kSetPrevInstr:
        outermost().offset = static_cast<int>(instr->imm());
        return Value();
    case Opcode::kCheckEvalBreaker:
        if (world_.breakerSet()) {
            show(instr);
            world_.servePending();
            world_.frames.resize(1);
        }
        return Value();
    case Opcode::kCheckTracing:
    case Opcode::kCheckReleased:
        if (world_.tracingBegan()) {
            leave(instr);
        }
        return Value();
    case Opcode::kLeaveFrame:
        world_.frameGone = true;
        return Value();
    default:
        throw Failure("cannot evaluate " + std::string(instr->info().name));
    }
}

} // namespace pyston::mini
