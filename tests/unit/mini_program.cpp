#include "mini_program.h"

#include "runtime/helpers.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace pyston::mini {

// --- random programs

namespace {

class Generator {
  public:
    explicit Generator(std::mt19937& random) : random_(random) {}

    Program run() {
        for (int n = pick(4); n > 0; n--) {
            program_.functions.push_back(function());
        }
        program_.numArguments = 6;
        program_.numSlots = kVariables + kFloatVariables + 2 * kMaxDepth;
        emit({Code::kConst, 6, 0, 0, 2, -1, false});
        emit({Code::kConst, 7, 0, 0, 0, -1, false});
        for (int variable : names_.floats) {
            emit({Code::kFloat, variable, 0, 0, pick(kFloats.size()), -1, false});
        }
        statements(0, 7);
        emit({Code::kReturn, 0, variable(), 0, 0, -1, false});
        program_.code = std::move(code_);
        return std::move(program_);
    }

  private:
    static constexpr int kMaxDepth = 2;
    static constexpr int kVariables = 8;
    static constexpr int kFloatVariables = 3; // behind the others

    // Some variables mostly hold a list and so on, the rest numbers and whatever operations gave; a
    // program in which no speculation held would test little.
    struct Names {
        int list = 0, instance = 1, cell = 4, tuple = 5;
        std::vector<int> others = {2, 3, 6, 7};
        std::vector<int> floats = {8, 9, 10};
        int count = kVariables + kFloatVariables;
    };

    CalledFunction function() {
        names_ = {0, 1, 1, 0, {2, 3, 4}, {5}, 6};
        isFunction_ = true;
        isQuiet_ = chance(75);
        CalledFunction function;
        function.isQuiet = isQuiet_;
        function.numSlots = names_.count;
        if (chance(80)) {
            emit({Code::kConst, 4, 0, 0, pick(5), -1, false});
            emit({Code::kFloat, 5, 0, 0, pick(kFloats.size()), -1, false});
        }
        statements(0, 4);
        emit({Code::kReturn, 0, variable(), 0, 0, -1, false});
        function.code = std::exchange(code_, {});
        names_ = {};
        isFunction_ = isQuiet_ = false;
        return function;
    }

    int pick(size_t n) {
        return std::uniform_int_distribution<int>(0, static_cast<int>(n) - 1)(random_);
    }
    int oneOf(const std::vector<int>& variables) {
        return variables[static_cast<size_t>(pick(variables.size()))];
    }
    int variable() { return noisy(oneOf(names_.others)); }
    int floatVariable() { return noisy(oneOf(names_.floats)); }
    int noisy(int variable) {
        return chance(8) ? pick(static_cast<size_t>(names_.count)) : variable;
    }
    // Nothing else in a function that is quiet.
    bool speculates(int percent) { return isQuiet_ || chance(percent); }
    bool chance(int percent) { return pick(100) < percent; }
    size_t emit(Code code) {
        code_.push_back(code);
        return code_.size() - 1;
    }
    int here() const { return static_cast<int>(code_.size()); }

    void statements(int depth, int budget) {
        for (int n = 1 + pick(budget); n > 0; n--) {
            int kind = pick(100);
            if (kind < 7 && depth < kMaxDepth && !isFunction_) {
                loop(depth);
            } else if (kind < 14 && depth < kMaxDepth && !isFunction_) {
                iteration(depth);
            } else if (kind < 28 && depth < kMaxDepth) {
                conditional(depth);
            } else if (kind < 48) {
                onFloats();
            } else {
                simple();
            }
        }
    }

    void loop(int depth) {
        int counter = kVariables + kFloatVariables + 2 * depth;
        int limit = counter + 1;
        emit({Code::kConst, counter, 0, 0, 0, -1, false});
        emit({Code::kConst, limit, 0, 0, 1 + pick(5), -1, false});
        int head = here();
        statements(depth + 1, 3);
        int one = variable();
        emit({Code::kConst, one, 0, 0, 1, -1, false});
        emit({Code::kBinary, counter, counter, one, '+', -1, chance(80)});
        emit({Code::kLoopIfLess, 0, counter, limit, 0, head, chance(80)});
    }

    void iteration(int depth) {
        int iterator = kVariables + kFloatVariables + 2 * depth;
        emit({Code::kIterate, iterator, noisy(chance(60) ? names_.list : names_.tuple), 0, 0, -1,
              false});
        int head = here();
        size_t next = emit({Code::kForIter, variable(), iterator, 0, 0, -1, false});
        statements(depth + 1, 3);
        emit({Code::kJump, 0, 0, 0, 0, head, false});
        code_[next].target = here();
    }

    void conditional(int depth) {
        bool compare = chance(50);
        Code test{compare ? Code::kJumpUnless : Code::kJumpIfFalse,
                  0,
                  variable(),
                  variable(),
                  0,
                  -1,
                  speculates(70)};
        if (compare && chance(40)) {
            test.numbers = Code::kFloats;
            test.a = floatVariable();
            test.b = floatVariable();
        }
        size_t branch = emit(test);
        statements(depth + 1, 3);
        if (chance(50)) {
            size_t skip = emit({Code::kJump, 0, 0, 0, 0, -1, false});
            code_[branch].target = here();
            statements(depth + 1, 3);
            code_[skip].target = here();
        } else {
            code_[branch].target = here();
        }
    }

    void simple() {
        static constexpr char kOperators[] = "++-*/%&<";
        Code code{Code::kMove, variable(), variable(), variable(), 0, -1, speculates(75)};
        int kind = pick(100);
        if (kind < 12) {
            code.op = Code::kConst;
            code.imm = pick(12) - 3;
        } else if (kind < 20) {
            code.op = Code::kMove;
        } else if (kind < 23) {
            code.op = Code::kDelete;
        } else if (kind < 45) {
            code.op = Code::kBinary;
            code.imm = kOperators[pick(8)];
        } else if (kind < 56 && chance(60) && !program_.functions.empty()) {
            call(code);
        } else if (kind < 56 && !isQuiet_) {
            code.op = Code::kCall;
            code.a = noisy(chance(70) ? names_.list : names_.cell);
            code.b = noisy(chance(80) ? names_.instance : names_.tuple);
        } else if (kind < 63) {
            code.op = Code::kListGet;
            code.a = noisy(names_.list);
        } else if (kind < 69) {
            code.op = Code::kListSet;
            code.a = noisy(names_.list);
        } else if (kind < 75) {
            code.op = Code::kTupleGet;
            code.a = noisy(names_.tuple);
        } else if (kind < 85) {
            code.op = chance(50) ? Code::kCellGet : chance(80) ? Code::kCellSet : Code::kCellClear;
            code.a = noisy(names_.cell);
        } else if (kind < 91) {
            code.op = Code::kLoadValue;
            code.a = noisy(names_.instance);
            code.imm = pick(2);
        } else if (kind < 97) {
            code.op = Code::kStoreValue;
            code.a = noisy(names_.instance);
            code.imm = pick(2);
        } else {
            code.op = Code::kIs;
        }
        emit(code);
    }

    void call(Code& code) {
        code.op = Code::kCallFunction;
        code.imm = pick(program_.functions.size());
        code.arguments = {noisy(names_.list), noisy(names_.instance), variable(), variable()};
        if (isQuiet_ && !program_.functions[static_cast<size_t>(code.imm)].isQuiet) {
            code.op = Code::kMove;
        }
    }

    void onFloats() {
        static constexpr char kOperators[] = "++--**/";
        if (chance(15)) {
            emit({Code::kFloat, floatVariable(), 0, 0, pick(kFloats.size()), -1, false});
            return;
        }
        Code code{Code::kBinary,   floatVariable(),     floatVariable(),
                  floatVariable(), kOperators[pick(7)], -1,
                  speculates(80)};
        code.numbers = Code::kFloats;
        if (chance(20)) {
            code.numbers = Code::kMixed;
            code.b = variable();
        }
        emit(code);
    }

    std::mt19937& random_;
    Program program_;
    std::vector<Code> code_; // of the function that is written, or of the program
    Names names_;
    bool isFunction_ = false;
    bool isQuiet_ = false;
};

} // namespace

Program randomProgram(std::mt19937& random) {
    return Generator(random).run();
}

std::string toText(const Program& program) {
    static constexpr const char* kNames[] = {
        "Const",        "Float",     "Move",       "Delete",     "Binary",     "Call",
        "CallFunction", "ListGet",   "ListSet",    "TupleGet",   "CellGet",    "CellSet",
        "CellClear",    "LoadValue", "StoreValue", "Is",         "JumpUnless", "JumpIfFalse",
        "Iterate",      "ForIter",   "Jump",       "LoopIfLess", "Return"};
    auto show = [](const std::vector<Code>& code) {
        std::string text;
        for (size_t i = 0; i < code.size(); i++) {
            const Code& c = code[i];
            text += std::to_string(i) + ": " + kNames[c.op] + " dst=" + std::to_string(c.dst) +
                    " a=" + std::to_string(c.a) + " b=" + std::to_string(c.b) +
                    " imm=" + std::to_string(c.imm) + " target=" + std::to_string(c.target);
            if (c.op == Code::kCallFunction) {
                for (int argument : c.arguments) {
                    text += " " + std::to_string(argument);
                }
            }
            text += c.speculate ? " speculate\n" : "\n";
        }
        return text;
    };
    std::string text = show(program.code);
    for (size_t i = 0; i < program.functions.size(); i++) {
        const CalledFunction& function = program.functions[i];
        text += "function " + std::to_string(i) + (function.isQuiet ? ", quiet\n" : "\n") +
                show(function.code);
    }
    return text;
}

// --- interpreter

const std::vector<Code>& Interpreter::code() const {
    const Frame& frame = world_.frames.back();
    return world_.frames.size() == 1 ? program_.code
                                     : program_.functions[static_cast<size_t>(frame.function)].code;
}

void Interpreter::push(int function, std::vector<Object*> arguments, int returnsTo) {
    const auto numSlots =
        static_cast<size_t>(program_.functions[static_cast<size_t>(function)].numSlots);
    arguments.resize(numSlots, nullptr);
    world_.frames.push_back({std::move(arguments), 0, function, returnsTo});
}

Object* Interpreter::pop(Object* result) {
    std::vector<Object*> slots;
    if (world_.frames.size() > 1) {
        slots = std::move(world_.frames.back().slots);
        world_.frames.pop_back();
    } else {
        slots = world_.frames[0].slots;
        std::ranges::fill(world_.frames[0].slots, nullptr);
        world_.frameGone = true;
    }
    for (Object* local : slots) {
        world_.decref(local);
    }
    return result;
}

Object* Interpreter::call(int function, const std::vector<Object*>& arguments) {
    push(function, arguments, 0);
    return run(0, -1, world_.frames.size());
}

Object* Interpreter::slot(int index) {
    Object* value = world_.frames.back().slots[static_cast<size_t>(index)];
    return world_.alive(value ? value : world_.none());
}

void Interpreter::assign(int index, Object* value) {
    Object*& place = world_.frames.back().slots[static_cast<size_t>(index)];
    Object* old = place;
    place = value;
    world_.decref(old);
}

namespace {

Object** itemOf(Object::Kind kind, Object* list, Object* index) {
    if (list->kind != kind || index->kind != Object::kInt) {
        return nullptr;
    }
    auto length = static_cast<int64_t>(list->items.size());
    int64_t i = index->value < 0 ? index->value + length : index->value;
    return i >= 0 && i < length ? &list->items[static_cast<size_t>(i)] : nullptr;
}

Object** cellContent(Object* object) {
    return object->kind == Object::kCell ? object->items.data() : nullptr;
}

Object** inlineValue(Object* object, int64_t index) {
    return object->kind == Object::kInstance ? &object->items[static_cast<size_t>(index)] : nullptr;
}

} // namespace

// What a load or store is about; null if there is nothing.
Object** Interpreter::placeOf(const Code& c) {
    switch (c.op) {
    case Code::kListGet:
    case Code::kListSet:
        return itemOf(Object::kList, slot(c.a), slot(c.b));
    case Code::kTupleGet:
        return itemOf(Object::kTuple, slot(c.a), slot(c.b));
    case Code::kCellGet:
    case Code::kCellSet:
    case Code::kCellClear:
        return cellContent(slot(c.a));
    default:
        return inlineValue(slot(c.a), c.imm);
    }
}

void Interpreter::execute(const Code& c) {
    Object** place = nullptr;
    switch (c.op) {
    case Code::kConst:
        assign(c.dst, world_.immortal(Object::kInt, c.imm));
        break;
    case Code::kFloat:
        assign(c.dst, world_.immortalFloat(kFloats[static_cast<size_t>(c.imm)]));
        break;
    case Code::kMove:
        assign(c.dst, world_.incref(slot(c.a)));
        break;
    case Code::kDelete:
        assign(c.dst, nullptr);
        break;
    case Code::kBinary:
        assign(c.dst, world_.arithmetic(static_cast<char>(c.imm), slot(c.a), slot(c.b)));
        break;
    case Code::kCall:
        assign(c.dst, world_.opaque("call", slot(c.a), slot(c.b)));
        break;
    case Code::kListGet:
    case Code::kTupleGet:
    case Code::kCellGet:
    case Code::kLoadValue:
        place = placeOf(c);
        assign(c.dst, place && *place ? world_.incref(*place) : world_.none());
        break;
    case Code::kListSet:
    case Code::kCellSet:
    case Code::kCellClear:
    case Code::kStoreValue:
        if (Object** place = placeOf(c)) {
            world_.swap(*place, c.op == Code::kCellClear ? nullptr : world_.incref(slot(c.dst)));
        }
        break;
    case Code::kIterate:
        assign(c.dst, world_.iterate(slot(c.a)));
        break;
    case Code::kIs:
        assign(c.dst, world_.boolean(World::same(slot(c.a), slot(c.b))));
        break;
    default:
        break;
    }
}

Object* Interpreter::run(int pc, int stopAt, size_t depth) {
    for (;; steps++) {
        if (pc == stopAt && world_.frames.size() == 1) {
            return nullptr;
        }
        if (steps > 100000) {
            throw Failure("does not end");
        }
        const Code& c = code()[static_cast<size_t>(pc)];
        world_.frames.back().offset = pc * 2;
        pc++;
        switch (c.op) {
        case Code::kJumpUnless:
            pc = world_.less(slot(c.a), slot(c.b)) ? pc : c.target;
            break;
        case Code::kJumpIfFalse:
            pc = world_.truth(slot(c.a)) ? pc : c.target;
            break;
        case Code::kForIter:
            if (Object* item = world_.next(slot(c.a))) {
                assign(c.dst, item);
            } else {
                pc = c.target;
            }
            break;
        case Code::kJump:
            pc = c.target;
            break;
        case Code::kLoopIfLess:
            if (world_.less(slot(c.a), slot(c.b))) {
                pc = c.target;
                if (world_.breakerSet()) {
                    world_.servePending();
                }
            }
            break;
        case Code::kCallFunction: {
            std::vector<Object*> arguments;
            for (int argument : c.arguments) {
                arguments.push_back(world_.incref(slot(argument)));
            }
            push(static_cast<int>(c.imm), std::move(arguments), pc);
            pc = 0;
            break;
        }
        case Code::kReturn: {
            const bool isLast = world_.frames.size() == depth;
            pc = world_.frames.back().returnsTo;
            Object* result = pop(world_.incref(slot(c.a)));
            if (isLast) {
                return result;
            }
            assign(code()[static_cast<size_t>(pc - 1)].dst, result);
            break;
        }
        default:
            execute(c);
        }
    }
}

// --- to HIR

namespace {

using namespace hir;
using runtime::Helper;

class Builder {
  public:
    Builder(const Program& program, const std::vector<int>& entries)
        : program_(program), entries_(entries), fn_(std::make_unique<Function>()) {}

    std::unique_ptr<Function> run() {
        fn_->name = "mini";
        fn_->numSlots = program_.numSlots;
        fn_->numLocals = program_.numSlots;
        fn_->stackSize = 2;
        makeEntry(0);
        for (int entry : entries_) {
            makeEntry(entry);
        }
        region_.code = &program_.code;
        findBlocks(program_.numSlots);
        linkEntries();
        translateRegion();
        fn_->orderBlocks();
        return std::move(fn_);
    }

  private:
    struct Place {
        Block* block;
        std::vector<Instr*> phis;
    };
    // The code that is being translated: the program's, or that of an inlined call.
    struct Region {
        const std::vector<Code>* code = nullptr;
        FrameState* caller = nullptr;
        const InlinedFunction* inlined = nullptr;
        int depth = 0;
        std::set<int> starts;
        std::map<int, Place> places;
        std::vector<std::pair<Block*, Instr*>> returns; // of an inlined call
    };

    void makeEntry(int at) {
        Block* block = fn_->newBlock(at == 0 ? kStartOffset : at * 2);
        std::vector<Instr*> slots;
        for (int i = 0; i < program_.numSlots; i++) {
            Instr* load = fn_->newInstr(Opcode::kLoadFrameSlot, kNullable);
            load->setImm(i);
            block->append(load);
            slots.push_back(load);
        }
        entryBlocks_.push_back({at, block, slots});
    }

    void findBlocks(int numSlots) {
        region_.starts.insert(0);
        for (size_t i = 0; i < region_.code->size(); i++) {
            const Code& c = (*region_.code)[i];
            if (c.target >= 0) {
                region_.starts.insert(c.target);
                region_.starts.insert(static_cast<int>(i) + 1);
            }
        }
        for (int start : region_.starts) {
            Place place{fn_->newBlock(), {}};
            for (int i = 0; i < numSlots; i++) {
                Instr* phi = fn_->newInstr(Opcode::kPhi, kNullable);
                place.block->append(phi);
                place.phis.push_back(phi);
            }
            slots_ = place.phis;
            place.block->setStartState(state(start, start));
            region_.places[start] = place;
        }
    }

    void linkEntries() {
        for (const Entry& entry : entryBlocks_) {
            block_ = entry.block;
            slots_ = entry.slots;
            jumpTo(entry.at);
        }
    }

    void addEdge(int target) {
        Place& place = region_.places[target];
        place.block->preds().push_back(block_);
        for (size_t i = 0; i < slots_.size(); i++) {
            place.phis[i]->appendOperand(slots_[i]);
        }
    }
    void jumpTo(int target) {
        addEdge(target);
        block_->append(fn_->newJump(region_.places[target].block));
    }

    FrameState* state(int resume, int at) {
        FrameState state;
        state.resumeOffset = resume * 2;
        state.instrOffset = at * 2;
        state.parent = region_.caller;
        state.inlined = region_.inlined;
        state.slots = slots_;
        for (Instr*& value : state.slots) {
            if (value->opcode() == Opcode::kConstNull) {
                value = nullptr;
            }
        }
        return fn_->newFrameState(state);
    }

    Instr* emit(Opcode op, std::initializer_list<Instr*> operands, int64_t imm = 0) {
        Instr* instr = fn_->newInstr(op, operands);
        instr->setImm(imm);
        return place(instr);
    }
    Instr* place(Instr* instr) {
        if (instr->effects() & (kExit | kRaise | kRunPython | kAllocate)) {
            instr->setFrameState(before_);
        }
        block_->append(instr);
        return instr;
    }
    Instr* helper(Helper helper, std::initializer_list<Instr*> operands, int64_t imm2 = 0) {
        Instr* instr = fn_->newInstr(Opcode::kCallRuntime, runtime::resultType(helper),
                                     std::span<Instr* const>(operands.begin(), operands.size()));
        instr->setImm(static_cast<int64_t>(helper));
        instr->setImm2(imm2);
        return place(instr);
    }

    Instr* read(int slot) { // an unbound one is left to the interpreter
        return emit(Opcode::kGuardNotNull, {slots_[static_cast<size_t>(slot)]});
    }
    Instr* guardType(Instr* value, ExactClass c) {
        Instr* guard = emit(Opcode::kGuardType, {value}, static_cast<int64_t>(c));
        guard->setType(exactObject(c));
        return guard;
    }
    Instr* readDouble(int slot) {
        return emit(Opcode::kUnboxDouble, {guardType(read(slot), ExactClass::kFloat)});
    }
    Instr* readInt(int slot) {
        return emit(Opcode::kUnboxInt, {guardType(read(slot), ExactClass::kInt)});
    }

    void drop(Instr* old, FrameState* after) {
        if (old->opcode() != Opcode::kConstNull) {
            Instr* instr = fn_->newInstr(Opcode::kDrop, {old});
            instr->setFrameState(after);
            block_->append(instr);
        }
    }
    void assign(int slot, Instr* value) {
        Instr* old = slots_[static_cast<size_t>(slot)];
        slots_[static_cast<size_t>(slot)] = value;
        drop(old, state(pc_ + 1, pc_));
    }

    void translateRegion() {
        for (int start : region_.starts) {
            translateBlock(start);
        }
    }

    void translateBlock(int start) {
        Place& entry = region_.places[start];
        block_ = entry.block;
        slots_ = entry.phis;
        for (pc_ = start; pc_ < static_cast<int>(region_.code->size()); pc_++) {
            if (pc_ != start && region_.starts.contains(pc_)) {
                jumpTo(pc_);
                return;
            }
            before_ = state(pc_, pc_);
            if (!translate((*region_.code)[static_cast<size_t>(pc_)])) {
                return;
            }
        }
    }

    // Returns false behind a terminator.
    bool translate(const Code& c) {
        switch (c.op) {
        case Code::kConst: {
            Instr* constant = emit(Opcode::kConstObject, {}, addressOfInt(c.imm));
            constant->setType(exactObject(ExactClass::kInt));
            assign(c.dst, constant);
            return true;
        }
        case Code::kFloat: {
            Instr* constant = emit(Opcode::kConstObject, {}, addressOfFloat(c.imm));
            constant->setType(exactObject(ExactClass::kFloat));
            assign(c.dst, constant);
            return true;
        }
        case Code::kMove:
            assign(c.dst, read(c.a));
            return true;
        case Code::kDelete:
            assign(c.dst, emit(Opcode::kConstNull, {}));
            return true;
        case Code::kBinary:
            assign(c.dst, c.speculate ? binary(c)
                                      : helper(Helper::kBinaryOp, {read(c.a), read(c.b)}, c.imm));
            return true;
        case Code::kCall:
            assign(c.dst, helper(Helper::kLoadAttr, {read(c.a), read(c.b)}));
            return true;
        case Code::kCallFunction:
            assign(c.dst, callFunction(c));
            return true;
        case Code::kListGet: {
            Instr* list = guardType(read(c.a), ExactClass::kList);
            assign(c.dst, emit(Opcode::kListGet, {list, readInt(c.b)}));
            return true;
        }
        case Code::kListSet: {
            Instr* value = read(c.dst);
            Instr* list = guardType(read(c.a), ExactClass::kList);
            Instr* old = emit(Opcode::kListSet, {list, readInt(c.b), value});
            drop(old, state(pc_ + 1, pc_));
            return true;
        }
        case Code::kTupleGet: {
            Instr* tuple = guardType(read(c.a), ExactClass::kTuple);
            assign(c.dst, emit(Opcode::kTupleGet, {tuple, readInt(c.b)}));
            return true;
        }
        case Code::kCellGet: {
            Instr* content = emit(Opcode::kCellGet, {guardType(read(c.a), ExactClass::kCell)});
            assign(c.dst, emit(Opcode::kGuardNotNull, {content}));
            return true;
        }
        case Code::kCellSet:
        case Code::kCellClear: {
            const bool clears = c.op == Code::kCellClear;
            Instr* value = clears ? emit(Opcode::kConstNull, {}) : read(c.dst);
            Instr* cell = guardType(read(c.a), ExactClass::kCell);
            Instr* old = emit(Opcode::kCellSet, {cell, value});
            drop(old, state(pc_ + 1, pc_));
            return true;
        }
        case Code::kLoadValue: {
            Instr* object = emit(Opcode::kGuardTypeVersion, {read(c.a)}, 1);
            assign(c.dst, emit(Opcode::kLoadInstanceValue, {object}, c.imm));
            return true;
        }
        case Code::kStoreValue: {
            Instr* value = read(c.dst);
            Instr* object = emit(Opcode::kGuardTypeVersion, {read(c.a)}, 1);
            Instr* old = emit(Opcode::kStoreInstanceValue, {object, value}, c.imm);
            drop(old, state(pc_ + 1, pc_));
            return true;
        }
        case Code::kIterate:
            assign(c.dst, helper(Helper::kGetIter, {read(c.a)}));
            return true;
        case Code::kForIter:
            takeNext(c);
            return false;
        case Code::kIs:
            assign(c.dst, boxed(emit(Opcode::kObjectIs, {read(c.a), read(c.b)})));
            return true;
        case Code::kJumpUnless:
            branch(less(c), pc_ + 1, c.target);
            return false;
        case Code::kJumpIfFalse:
            branch(truth(c), pc_ + 1, c.target);
            return false;
        case Code::kLoopIfLess:
            loopBranch(less(c), c.target);
            return false;
        case Code::kJump:
            jumpTo(c.target);
            return false;
        case Code::kReturn:
            if (region_.caller) {
                returnToCaller(read(c.a));
            } else {
                returnValue(read(c.a));
            }
            return false;
        }
        return false;
    }

    Instr* callFunction(const Code& c) {
        const CalledFunction& callee = program_.functions[static_cast<size_t>(c.imm)];
        std::vector<Instr*> operands = {emit(Opcode::kConstObject, {}, addressOfInt(c.imm))};
        for (int argument : c.arguments) {
            operands.push_back(read(argument));
        }
        if (c.speculate && callee.isQuiet) {
            return inlineCall(c, callee, std::vector<Instr*>(operands.begin() + 1, operands.end()));
        }
        operands[0]->setType(kObject);
        Instr* call = fn_->newInstr(Opcode::kCallDirect, kObject, operands);
        call->setImm(kCodeAddress);
        return place(call);
    }

    Instr* inlineCall(const Code& c, const CalledFunction& callee, std::vector<Instr*> slots) {
        emit(Opcode::kGuardRecursion, {}, region_.depth + 1);
        const int pc = pc_;
        Region inner;
        inner.code = &callee.code;
        inner.caller = state(pc + 1, pc);
        inner.inlined = &fn_->inlined.emplace_back(
            InlinedFunction{reinterpret_cast<void*>(c.imm), nullptr, callee.numSlots});
        inner.depth = region_.depth + 1;
        while (slots.size() < static_cast<size_t>(callee.numSlots)) {
            slots.push_back(emit(Opcode::kConstNull, {}));
        }
        std::vector<Instr*> callerSlots = slots_;
        std::swap(region_, inner); // which is the caller's from here on
        findBlocks(callee.numSlots);
        slots_ = std::move(slots);
        jumpTo(0);
        translateRegion();
        std::swap(region_, inner);
        slots_ = std::move(callerSlots);
        pc_ = pc;
        block_ = fn_->newBlock();
        Instr* result = fn_->newInstr(Opcode::kPhi, kObject);
        block_->append(result);
        for (auto [block, value] : inner.returns) {
            block_->preds().push_back(block);
            result->appendOperand(value);
            block->append(fn_->newJump(block_));
        }
        before_ = state(pc, pc);
        return result;
    }

    Instr* boxed(Instr* truth) { return emit(Opcode::kBoxBool, {truth}); }

    Instr* floatBinary(const Code& c) {
        Instr* a = readDouble(c.a);
        Instr* b = c.numbers == Code::kMixed ? emit(Opcode::kIntToDouble, {readInt(c.b)})
                                             : readDouble(c.b);
        Opcode op = c.imm == '+'   ? Opcode::kDoubleAdd
                    : c.imm == '-' ? Opcode::kDoubleSub
                    : c.imm == '*' ? Opcode::kDoubleMul
                                   : Opcode::kDoubleDiv;
        return emit(Opcode::kBoxDouble, {emit(op, {a, b})});
    }

    Instr* binary(const Code& c) {
        if (c.numbers != Code::kInts) {
            return floatBinary(c);
        }
        Instr* a = readInt(c.a);
        Instr* b = readInt(c.b);
        Opcode op = c.imm == '+'   ? Opcode::kIntAdd
                    : c.imm == '-' ? Opcode::kIntSub
                    : c.imm == '*' ? Opcode::kIntMul
                    : c.imm == '/' ? Opcode::kIntFloorDiv
                    : c.imm == '%' ? Opcode::kIntMod
                    : c.imm == '&' ? Opcode::kIntAnd
                                   : Opcode::kIntShl;
        return emit(Opcode::kBoxInt, {emit(op, {a, b})});
    }

    Instr* less(const Code& c) {
        if (c.speculate && c.numbers == Code::kFloats) {
            return emit(Opcode::kDoubleCompare, {readDouble(c.a), readDouble(c.b)},
                        static_cast<int64_t>(Condition::kLess));
        }
        if (c.speculate) {
            return emit(Opcode::kIntCompare, {readInt(c.a), readInt(c.b)},
                        static_cast<int64_t>(Condition::kLess));
        }
        return helper(Helper::kCompareTruth, {read(c.a), read(c.b)}, 0);
    }
    Instr* truth(const Code& c) {
        if (c.speculate) {
            return emit(Opcode::kUnboxBool, {guardType(read(c.a), ExactClass::kBool)});
        }
        return helper(Helper::kIsTrue, {read(c.a)});
    }

    void takeNext(const Code& c) {
        Instr* item = emit(Opcode::kIterNext, {read(c.a)});
        Block* done = fn_->newBlock();
        Block* more = fn_->newBlock();
        block_->append(fn_->newBranch(Opcode::kBranchNull, item, done, more));
        done->preds().push_back(block_);
        more->preds().push_back(block_);
        block_ = done;
        jumpTo(c.target);
        block_ = more;
        Instr* refined = fn_->newInstr(Opcode::kRefine, kObject, {&item, 1});
        block_->append(refined);
        assign(c.dst, refined);
        jumpTo(pc_ + 1);
    }

    void branch(Instr* condition, int ifTrue, int ifFalse) {
        edges(condition, ifTrue, ifFalse, false);
    }
    void loopBranch(Instr* condition, int head) { edges(condition, head, pc_ + 1, true); }

    // Each way gets a block of its own, so that no edge is critical.
    void edges(Instr* condition, int ifTrue, int ifFalse, bool check) {
        Block* taken = fn_->newBlock();
        Block* other = fn_->newBlock();
        block_->append(fn_->newBranch(Opcode::kBranch, condition, taken, other));
        taken->preds().push_back(block_);
        other->preds().push_back(block_);
        block_ = taken;
        if (check) {
            Instr* instr = fn_->newInstr(Opcode::kCheckEvalBreaker, {});
            instr->setFrameState(state(ifTrue, pc_));
            block_->append(instr);
        }
        jumpTo(ifTrue);
        block_ = other;
        jumpTo(ifFalse);
    }

    // The locals go when the frame has gone: what sees that is the caller, still at its call.
    void returnToCaller(Instr* value) {
        for (Instr* local : slots_) {
            drop(local, region_.caller);
        }
        region_.returns.emplace_back(block_, value);
    }

    void returnValue(Instr* value) {
        std::vector<Instr*> locals = slots_;
        block_->append(fn_->newInstr(Opcode::kLeaveFrame, {}));
        FrameState empty;
        empty.resumeOffset = empty.instrOffset = pc_ * 2;
        empty.slots.assign(locals.size(), nullptr);
        FrameState* after = fn_->newFrameState(empty);
        for (Instr* local : locals) {
            drop(local, after);
        }
        block_->append(fn_->newInstr(Opcode::kReturn, {value}));
    }

    // Not 0: the slots of a function's start would be taken as unbound beyond the arguments.
    static constexpr int kStartOffset = 100000;
    struct Entry {
        int at;
        Block* block;
        std::vector<Instr*> slots;
    };
    const Program& program_;
    const std::vector<int>& entries_;
    std::unique_ptr<Function> fn_;
    std::vector<Entry> entryBlocks_;
    Region region_;
    Block* block_ = nullptr;
    std::vector<Instr*> slots_;
    FrameState* before_ = nullptr;
    int pc_ = 0;
};

} // namespace

std::unique_ptr<Function> buildGraph(const Program& program, const std::vector<int>& entries) {
    return Builder(program, entries).run();
}

} // namespace pyston::mini
