#include "mutate_hir.h"

#include "runtime/helpers.h"

#include <algorithm>
#include <array>
#include <bit>

namespace pyston::fuzz {

using hir::Block;
using hir::ExactClass;
using hir::FrameState;
using hir::Imm;
using hir::Instr;
using hir::Opcode;
using hir::Rep;
using hir::Type;

namespace {

constexpr size_t kMaxInstrs = 400;

bool fits(char kind, Type type) {
    switch (kind) {
    case 'o':
    case 'O':
        return type.rep == Rep::kObject;
    case 'n':
    case 'N':
        return type.isCounted();
    case 'i':
        return type.rep == Rep::kInt64;
    case 'd':
        return type.rep == Rep::kDouble;
    case 'b':
        return type.rep == Rep::kBool;
    case 'p':
        return type.rep == Rep::kPointer;
    default:
        return type.rep != Rep::kVoid;
    }
}

Rep repOf(char kind) {
    switch (kind) {
    case 'i':
        return Rep::kInt64;
    case 'd':
        return Rep::kDouble;
    case 'b':
        return Rep::kBool;
    case 'n':
    case 'N':
        return Rep::kNullable;
    default:
        return Rep::kObject;
    }
}

std::string_view signatureOf(Opcode op, int64_t imm) {
    if (op == Opcode::kCallRuntime)
        return runtime::info(static_cast<runtime::Helper>(imm)).args;
    return hir::info(op).operands;
}

bool hasImm2(Opcode op) {
    switch (op) {
    case Opcode::kGuardDictEntry:
    case Opcode::kLoadHintedValue:
    case Opcode::kStoreHintedValue:
    case Opcode::kLoadDictEntry:
    case Opcode::kIterNext:
    case Opcode::kSend:
    case Opcode::kCallRuntime:
    case Opcode::kCallDirect:
        return true;
    default:
        return false;
    }
}

bool isLate(Opcode op) {
    return op == Opcode::kIncref || op == Opcode::kDecref || op == Opcode::kStoreFrameSlot ||
           op == Opcode::kSetPrevInstr;
}

} // namespace

void HirMutator::run() {
    repair();
    if (fn_.blocks().empty())
        return;
    for (uint32_t n = 1 + below(oneIn(4) ? 12 : 3); n > 0; --n) {
        dominators_ = std::make_unique<hir::Dominators>(fn_);
        mutateOnce();
        repair();
        if (fn_.blocks().empty())
            return;
    }
}

void HirMutator::mutateOnce() {
    size_t count = 0;
    for (const Block* block : fn_.blocks())
        count += block->instrs().size();
    const bool grows = count < kMaxInstrs;
    switch (below(20)) {
    case 0:
    case 1:
    case 2:
        return changeOperand();
    case 3:
    case 4:
        return changeOpcode();
    case 5:
        return changeImmediate();
    case 6:
        return changeType();
    case 7:
        return changeState();
    case 8:
        return changeStateValue();
    case 9:
        return removeInstr();
    case 10:
        return moveInstr();
    case 11:
        return changeTarget();
    case 12:
        return changeTerminator();
    case 13:
        return grows ? splitBlock() : removeInstr();
    case 14:
        return grows ? addEdge() : removeInstr();
    case 15:
        return grows ? insertPhi() : removeInstr();
    case 16:
        return oneIn(4) ? addEntry() : changeOperand();
    default:
        return grows ? insertInstr() : removeInstr();
    }
}

Block* HirMutator::anyBlock() {
    return fn_.blocks()[below(fn_.blocks().size())];
}

Instr* HirMutator::anyInstr() {
    Block* block = anyBlock();
    return block->instrs().empty() ? nullptr : block->instrs()[below(block->instrs().size())];
}

size_t HirMutator::positionOf(const Instr* instr) const {
    const auto& instrs = instr->block()->instrs();
    return static_cast<size_t>(std::ranges::find(instrs, instr) - instrs.begin());
}

bool HirMutator::available(const Instr* value, const Block* block, size_t position) const {
    if (!value->block() || value->block()->function() != &fn_)
        return false;
    if (value->block() == block)
        return positionOf(value) < position;
    const auto known = [&](const Block* b) {
        return std::ranges::find(fn_.blocks(), b) != fn_.blocks().end();
    };
    return known(value->block()) && dominators_->dominates(value->block(), block);
}

Instr* HirMutator::valueOf(char kind, Block* block, size_t* position) {
    std::vector<Instr*> found;
    for (Block* other : fn_.blocks())
        for (Instr* instr : other->instrs())
            if (fits(kind, instr->type()) && instr->opcode() != Opcode::kOptional &&
                available(instr, block, *position))
                found.push_back(instr);
    if (found.empty() || oneIn(12))
        return makeValue(repOf(kind), block, position);
    // The nearer the likelier.
    const size_t back = std::min(below(found.size()), below(found.size()));
    return found[found.size() - 1 - back];
}

Instr* HirMutator::valueOfType(Type type, Block* block, size_t* position) {
    std::vector<Instr*> found;
    for (Block* other : fn_.blocks())
        for (Instr* instr : other->instrs())
            if (hir::isSubtype(instr->type(), type) && instr->type().rep != Rep::kVoid &&
                instr->opcode() != Opcode::kOptional && available(instr, block, *position))
                found.push_back(instr);
    if (!found.empty() && !oneIn(12))
        return found[below(found.size())];
    Instr* made = makeValue(type.rep, block, position);
    if (made->type().isCounted() && made->opcode() == Opcode::kConstObject)
        made->setType({Rep::kObject, type.exact});
    return made;
}

Instr* HirMutator::makeValue(Rep rep, Block* block, size_t* position) {
    Opcode op = Opcode::kConstObject;
    switch (rep) {
    case Rep::kInt64:
        op = Opcode::kConstInt;
        break;
    case Rep::kDouble:
        op = Opcode::kConstDouble;
        break;
    case Rep::kBool:
        op = Opcode::kConstBool;
        break;
    case Rep::kNullable:
        op = oneIn(2) ? Opcode::kConstNull : Opcode::kConstObject;
        break;
    default:
        break;
    }
    Instr* made = fn_.newInstr(op);
    made->setImm(anyImmediate(op, 0));
    if (op == Opcode::kConstObject)
        made->setType(anyType(op, made->imm(), nullptr));
    // Phis come first.
    size_t at = *position;
    while (at < block->instrs().size() && block->instrs()[at]->isPhi())
        ++at;
    block->insert(std::min(at, block->instrs().size()), made);
    *position = at + 1;
    return made;
}

int64_t HirMutator::anyImmediate(Opcode op, int64_t before) {
    static constexpr std::array<int64_t, 16> kNumbers = {
        0,  1,  2,   -1,        3,    7,         8,         63,
        64, -5, 256, INT32_MAX, 1024, INT64_MAX, INT64_MIN, int64_t{1} << 60};
    switch (hir::info(op).imm) {
    case Imm::kNone:
        return 0;
    case Imm::kInt:
        if (op == Opcode::kConstBool)
            return below(2);
        if (op != Opcode::kConstInt)
            return oneIn(10) ? kNumbers[below(kNumbers.size())] : 1 + below(6);
        return oneIn(2) ? kNumbers[below(kNumbers.size())] : before + below(5) - 2;
    case Imm::kSlot:
        return below(static_cast<size_t>(std::max(1, fn_.numSlots + fn_.stackSize)));
    case Imm::kOffset:
        return oneIn(10) ? kNumbers[below(kNumbers.size())] : 8 * below(10);
    case Imm::kVersion:
        return oneIn(10) ? kNumbers[below(kNumbers.size())] : 1 + below(4);
    case Imm::kObject: {
        static constexpr std::array<int64_t, 8> kObjects = {
            0x10000, 0x10001, 0x1fffe, 0x20003, 0x30, 0x31, 0x32, 0x7f0012340010};
        return kObjects[below(kObjects.size())];
    }
    case Imm::kCode:
        return oneIn(2) ? 0x100 : 0x200;
    case Imm::kClass:
        return 1 + below(hir::kNumExactClasses - 1);
    case Imm::kCc:
        return below(6);
    case Imm::kDouble: {
        static constexpr std::array<double, 6> kDoubles = {0.0, -0.0, 1.0, 0.5, -2.0, 1e300};
        return std::bit_cast<int64_t>(kDoubles[below(kDoubles.size())]);
    }
    case Imm::kHelper:
        return below(static_cast<size_t>(runtime::kNumHelpers));
    }
    return 0;
}

Type HirMutator::anyType(Opcode op, int64_t imm, const Instr* first) {
    const auto someClass = [&] { return static_cast<ExactClass>(below(hir::kNumExactClasses)); };
    static constexpr std::array<Rep, 6> kReps = {Rep::kObject, Rep::kNullable, Rep::kInt64,
                                                 Rep::kDouble, Rep::kBool,     Rep::kPointer};
    switch (op) {
    case Opcode::kBoxInt:
        return hir::exactObject(ExactClass::kInt);
    case Opcode::kBoxDouble:
        return hir::exactObject(ExactClass::kFloat);
    case Opcode::kBoxBool:
        return hir::exactObject(ExactClass::kBool);
    case Opcode::kConstObject:
        switch (imm >> 16) {
        case 1:
            return hir::exactObject(ExactClass::kInt);
        case 2:
            return hir::exactObject(ExactClass::kFloat);
        default:
            return imm == 0x32   ? hir::exactObject(ExactClass::kNoneType)
                   : imm <= 0x31 ? hir::exactObject(ExactClass::kBool)
                                 : hir::exactObject(someClass());
        }
    case Opcode::kGuardType:
        return hir::exactObject(static_cast<ExactClass>(imm));
    case Opcode::kGuardNotNull:
    case Opcode::kGuardIs:
    case Opcode::kRefine:
        return {Rep::kObject, first ? first->type().exact : ExactClass::kUnknown};
    case Opcode::kOptional:
        return first ? first->type() : hir::kInt64;
    case Opcode::kBoxOptional:
        return {Rep::kNullable,
                first && first->type().rep == Rep::kDouble ? ExactClass::kFloat : ExactClass::kInt};
    case Opcode::kArrayGet:
        return static_cast<ExactClass>(imm) == ExactClass::kArrayD ? hir::kDouble : hir::kInt64;
    case Opcode::kPhi:
        return {kReps[below(5)], ExactClass::kUnknown};
    case Opcode::kCallRuntime:
        return runtime::resultType(static_cast<runtime::Helper>(imm));
    default:
        break;
    }
    Type type = hir::info(op).result;
    if (hir::info(op).customResult && oneIn(4))
        type.rep = Rep::kNullable;
    if (type.isCounted() && oneIn(3))
        type.exact = someClass();
    return type;
}

FrameState* HirMutator::anyState(const Block* block, size_t position) {
    const auto states = fn_.frameStates();
    std::vector<FrameState*> good;
    for (const auto& state : states) {
        bool isGood = true;
        const FrameState* s = state.get();
        for (size_t depth = 0; s && depth < 8; s = s->parent, ++depth) {
            for (const auto* list : {&s->slots, &s->stack})
                for (const Instr* value : *list)
                    isGood = isGood && (!value || available(value, block, position));
            if (!s->parent && s->slots.size() != static_cast<size_t>(fn_.numSlots))
                isGood = false;
        }
        if (isGood)
            good.push_back(state.get());
    }
    if (!good.empty() && !oneIn(8))
        return good[below(good.size())];
    FrameState made;
    made.resumeOffset = made.instrOffset = static_cast<int>(2 * below(20));
    for (int i = 0; i < std::min(fn_.numSlots, 64); ++i) {
        size_t at = position;
        Instr* value = nullptr;
        for (int attempt = 0; attempt < 4 && !value && !oneIn(3); ++attempt) {
            const Block* from = anyBlock();
            Instr* chosen =
                from->instrs().empty() ? nullptr : from->instrs()[below(from->instrs().size())];
            if (chosen && chosen->type().rep != Rep::kVoid && chosen->type().rep != Rep::kPointer &&
                available(chosen, block, at))
                value = chosen;
        }
        made.slots.push_back(value);
    }
    return fn_.newFrameState(made);
}

void HirMutator::changeOperand() {
    Instr* instr = anyInstr();
    if (!instr || instr->numOperands() == 0)
        return;
    const size_t i = below(instr->numOperands());
    if (instr->isPhi()) {
        if (i >= instr->block()->preds().size())
            return;
        Block* pred = instr->block()->preds()[i];
        size_t at = pred->instrs().size() - (pred->terminator() ? 1 : 0);
        Instr* value = valueOfType(instr->type(), pred, &at);
        for (size_t k = 0; k < instr->numOperands(); ++k)
            if (instr->block()->preds()[k] == pred)
                instr->setOperand(k, value);
        return;
    }
    size_t at = positionOf(instr);
    instr->setOperand(i, valueOf(instr->operandKind(i), instr->block(), &at));
}

// The same operands for another operation, or a new one in its place.
void HirMutator::changeOpcode() {
    Instr* instr = anyInstr();
    if (!instr || instr->isPhi() || instr->isTerminator())
        return;
    std::vector<Opcode> same;
    for (int i = 0; i < hir::kNumOpcodes; ++i) {
        const auto op = static_cast<Opcode>(i);
        const hir::OpcodeInfo& row = hir::info(op);
        if (op != Opcode::kPhi && op != instr->opcode() && !(row.effects & hir::kTerminator) &&
            row.operands == instr->info().operands && row.result.rep == instr->info().result.rep)
            same.push_back(op);
    }
    if (same.empty())
        return;
    const Opcode op = same[below(same.size())];
    const int64_t imm = anyImmediate(op, instr->imm());
    const Type type = anyType(op, imm, instr->numOperands() ? instr->operand(0) : nullptr);
    Instr* made = fn_.newInstr(op, type, instr->operands());
    made->setImm(imm);
    size_t at = positionOf(instr);
    const bool leaves = (hir::info(op).effects &
                         (hir::kExit | hir::kRaise | hir::kRunPython | hir::kAllocate)) != 0;
    made->setFrameState(instr->frameState() || !leaves ? instr->frameState()
                                                       : anyState(instr->block(), at));
    instr->block()->insert(at, made);
    instr->block()->instrs().erase(instr->block()->instrs().begin() + static_cast<long>(at) + 1);
    fn_.replaceAllUses(instr, made);
}

void HirMutator::changeImmediate() {
    for (int attempt = 0; attempt < 8; ++attempt) {
        Instr* instr = anyInstr();
        if (!instr || instr->info().imm == Imm::kNone || instr->info().imm == Imm::kHelper)
            continue;
        if (hasImm2(instr->opcode()) && oneIn(2))
            instr->setImm2(anyImmediate(Opcode::kConstInt, instr->imm2()));
        else
            instr->setImm(anyImmediate(instr->opcode(), instr->imm()));
        return;
    }
}

void HirMutator::changeType() {
    for (int attempt = 0; attempt < 8; ++attempt) {
        Instr* instr = anyInstr();
        if (!instr || !instr->type().isCounted())
            continue;
        Type type = instr->type();
        if (oneIn(3))
            type.rep = type.rep == Rep::kObject ? Rep::kNullable : Rep::kObject;
        else
            type.exact = oneIn(3) ? ExactClass::kUnknown
                                  : static_cast<ExactClass>(below(hir::kNumExactClasses));
        instr->setType(type);
        return;
    }
}

void HirMutator::changeState() {
    if (oneIn(6)) {
        Block* block = anyBlock();
        size_t phis = 0;
        while (phis < block->instrs().size() && block->instrs()[phis]->isPhi())
            ++phis;
        block->setStartState(oneIn(3) ? nullptr : anyState(block, phis));
        return;
    }
    Instr* instr = anyInstr();
    if (instr && !instr->exitReferences())
        instr->setFrameState(anyState(instr->block(), positionOf(instr)));
}

void HirMutator::changeStateValue() {
    Instr* instr = anyInstr();
    if (!instr || !instr->frameState() || instr->exitReferences())
        return;
    FrameState* state = fn_.copyWithParents(*instr->frameState());
    FrameState* changed = oneIn(4) && state->parent ? state->parent : state;
    size_t at = positionOf(instr);
    constexpr std::string_view kKinds = "onidb";
    Instr* value = oneIn(5) ? nullptr : valueOf(kKinds[below(kKinds.size())], instr->block(), &at);
    std::vector<Instr*>& list = oneIn(3) ? changed->stack : changed->slots;
    if (&list == &changed->stack && oneIn(2)) {
        if (list.size() < static_cast<size_t>(fn_.stackSize))
            list.push_back(value);
        else if (!list.empty())
            list.pop_back();
    } else if (!list.empty()) {
        list[below(list.size())] = value;
    }
    instr->setFrameState(state);
}

void HirMutator::insertInstr() {
    Block* block = anyBlock();
    const size_t end = block->instrs().size() - (block->terminator() ? 1 : 0);
    size_t at = below(end + 1);
    while (at < block->instrs().size() && block->instrs()[at]->isPhi())
        ++at;
    Opcode op = Opcode::kPhi;
    for (int attempt = 0;; ++attempt) {
        op = static_cast<Opcode>(below(static_cast<size_t>(hir::kNumOpcodes)));
        const bool wrongPlace = op == Opcode::kLoadFrameSlot && !block->isEntry();
        if (op != Opcode::kPhi && !(hir::info(op).effects & hir::kTerminator) && !wrongPlace &&
            (!isLate(op) || oneIn(30)))
            break;
    }
    const int64_t imm = anyImmediate(op, 0);
    std::vector<Instr*> operands;
    std::string_view signature = signatureOf(op, imm);
    for (size_t i = 0; i < signature.size(); ++i) {
        const char kind = signature[i];
        if (op == Opcode::kCallRuntime && (kind == 'T' || kind == 'F' || kind == '$'))
            continue;
        if (kind == '*' || kind == 'P') {
            for (uint32_t n = below(4); n > 0; --n)
                operands.push_back(
                    valueOf(op == Opcode::kCallRuntime ? 'n' : signature[i - 1], block, &at));
            continue;
        }
        operands.push_back(
            valueOf(op == Opcode::kOptional && i == 0 ? (oneIn(2) ? 'i' : 'd')
                    : op == Opcode::kArraySet && i == 2
                        ? (static_cast<ExactClass>(imm) == ExactClass::kArrayD ? 'd' : 'i')
                        : kind,
                    block, &at));
    }
    if (op == Opcode::kBoxOptional) {
        Instr* flag = valueOf('b', block, &at);
        Instr* number = valueOf(oneIn(2) ? 'i' : 'd', block, &at);
        const std::array<Instr*, 2> pair = {number, flag};
        Instr* optional = fn_.newInstr(Opcode::kOptional, number->type(), pair);
        block->insert(at++, optional);
        operands = {optional};
    }
    Instr* made =
        fn_.newInstr(op, anyType(op, imm, operands.empty() ? nullptr : operands[0]), operands);
    made->setImm(imm);
    if (hasImm2(op))
        made->setImm2(oneIn(10) ? anyImmediate(Opcode::kConstInt, 0) : below(3));
    constexpr uint16_t kLeaves = hir::kExit | hir::kRaise | hir::kRunPython | hir::kAllocate;
    if ((made->effects() & kLeaves) != 0)
        made->setFrameState(anyState(block, at));
    block->insert(at, made);
}

void HirMutator::insertPhi() {
    Block* block = anyBlock();
    if (block->preds().empty())
        return;
    Type type = anyType(Opcode::kPhi, 0, nullptr);
    if (type.isCounted() && oneIn(3))
        type.exact = oneIn(2) ? ExactClass::kInt : ExactClass::kFloat;
    std::vector<Instr*> operands;
    Instr* phi = fn_.newInstr(Opcode::kPhi, type);
    for (size_t i = 0; i < block->preds().size(); ++i) {
        Block* pred = block->preds()[i];
        const size_t first = block->predIndex(pred);
        if (first < i) {
            phi->appendOperand(phi->operand(first));
            continue;
        }
        size_t at = pred->instrs().size() - (pred->terminator() ? 1 : 0);
        // A box of a number now and then: what unboxing of phis looks for.
        Instr* value =
            oneIn(6) && dominators_->dominates(block, pred) ? phi : valueOfType(type, pred, &at);
        phi->appendOperand(value);
    }
    block->insert(0, phi);
    // Somebody has to use it.
    for (Instr* instr : block->instrs()) {
        if (instr->isPhi() || oneIn(2))
            continue;
        for (size_t i = 0; i < instr->numOperands(); ++i)
            if (fits(instr->operandKind(i), type) && oneIn(2))
                instr->setOperand(i, phi);
    }
}

void HirMutator::removeInstr() {
    Instr* instr = anyInstr();
    if (!instr || instr->isTerminator())
        return;
    Block* block = instr->block();
    size_t at = positionOf(instr);
    if (instr->type().rep != Rep::kVoid) {
        Instr* other = valueOfType(instr->type(), block, &at);
        if (other == instr)
            return;
        fn_.replaceAllUses(instr, other);
    }
    std::erase(block->instrs(), instr);
}

void HirMutator::moveInstr() {
    Instr* instr = anyInstr();
    if (!instr || instr->isPhi() || instr->isTerminator())
        return;
    Block* block = instr->block();
    Block* to = oneIn(2) ? block : anyBlock();
    std::erase(block->instrs(), instr);
    const size_t end = to->instrs().size() - (to->terminator() ? 1 : 0);
    size_t at = below(end + 1);
    while (at < to->instrs().size() && to->instrs()[at]->isPhi())
        ++at;
    to->insert(at, instr);
}

void HirMutator::splitBlock() {
    Block* block = anyBlock();
    if (!block->terminator())
        return;
    size_t at = below(block->instrs().size());
    while (at < block->instrs().size() && block->instrs()[at]->isPhi())
        ++at;
    Block* rest = fn_.newBlock();
    rest->setCold(oneIn(4));
    const std::vector<Instr*> moved(block->instrs().begin() + static_cast<long>(at),
                                    block->instrs().end());
    block->instrs().resize(at);
    for (Instr* instr : moved)
        rest->append(instr);
    // The phis of what follows know it by its new name.
    for (Block* succ : rest->succs())
        std::ranges::replace(succ->preds(), block, rest);
    block->append(fn_.newJump(rest));
    rest->preds() = {block};
}

// A branch to anywhere in the place of a jump.
void HirMutator::addEdge() {
    Block* block = anyBlock();
    Instr* last = block->terminator();
    if (!last || last->opcode() != Opcode::kJump)
        return;
    Block* next = last->target(0);
    Block* other = anyBlock();
    if (other->isEntry())
        return;
    size_t at = block->instrs().size() - 1;
    const bool byNull = oneIn(3);
    Instr* value = valueOf(byNull ? 'n' : 'b', block, &at);
    block->instrs().pop_back();
    if (oneIn(2))
        std::swap(next, other);
    block->append(
        fn_.newBranch(byNull ? Opcode::kBranchNull : Opcode::kBranch, value, next, other));
}

void HirMutator::changeTarget() {
    Block* block = anyBlock();
    Instr* last = block->terminator();
    Block* other = anyBlock();
    if (last && !last->targets().empty() && !other->isEntry())
        last->setTarget(below(last->targets().size()), other);
}

void HirMutator::changeTerminator() {
    Block* block = anyBlock();
    if (!block->terminator())
        return;
    size_t at = block->instrs().size() - 1;
    Instr* made = nullptr;
    switch (below(5)) {
    case 0:
        made = fn_.newInstr(Opcode::kReturn, {valueOf('o', block, &at)});
        break;
    case 1:
        made = fn_.newInstr(Opcode::kYield, {valueOf('o', block, &at)});
        break;
    case 2:
        made = fn_.newInstr(Opcode::kRaise);
        break;
    case 3:
        made = fn_.newInstr(Opcode::kDeopt);
        break;
    default: {
        Block* other = anyBlock();
        if (other->isEntry())
            return;
        made = fn_.newJump(other);
        break;
    }
    }
    if (made->targets().empty() && made->opcode() != Opcode::kReturn)
        made->setFrameState(anyState(block, at));
    block->instrs().pop_back();
    block->append(made);
}

// Another entry, into the midst of the graph.
void HirMutator::addEntry() {
    Block* target = anyBlock();
    if (target->isEntry())
        return;
    Block* entry = fn_.newBlock(static_cast<int>(2 * below(30)));
    for (int i = 0; i < std::min(fn_.numSlots, 8); ++i) {
        Instr* load =
            fn_.newInstr(Opcode::kLoadFrameSlot, oneIn(2) ? hir::kObject : hir::kNullable);
        load->setImm(i);
        entry->append(load);
    }
    entry->append(fn_.newJump(target));
}

void HirMutator::repair() {
    fn_.orderBlocks();
    dominators_ = std::make_unique<hir::Dominators>(fn_);
    for (Block* block : fn_.blocks())
        for (size_t k = 0; k < block->instrs().size(); ++k) {
            Instr* phi = block->instrs()[k];
            if (!phi->isPhi())
                break;
            while (phi->numOperands() > block->preds().size())
                phi->removeOperand(phi->numOperands() - 1);
            for (size_t i = phi->numOperands(); i < block->preds().size(); ++i) {
                Block* pred = block->preds()[i];
                const size_t first = block->predIndex(pred);
                size_t at = pred->instrs().size() - (pred->terminator() ? 1 : 0);
                phi->appendOperand(first < i ? phi->operand(first)
                                             : valueOfType(phi->type(), pred, &at));
            }
        }
}

std::string mutateHir(std::string_view text, uint32_t seed) {
    std::string error;
    std::unique_ptr<hir::Function> fn = hir::parse(text, &error);
    if (!fn || fn->numInstrIds() > 4000 || fn->numBlockIds() > 4000 || fn->numSlots > 500 ||
        fn->numSlots < 0)
        return std::string(text);
    // What the mutator itself cannot stand: operands and states that lead nowhere.
    for (const Block* block : fn->blocks())
        for (const Instr* instr : block->instrs()) {
            if (!instr->block())
                return std::string(text);
            for (const Instr* operand : instr->operands())
                if (!operand)
                    return std::string(text);
        }
    HirMutator(*fn, seed).run();
    return hir::print(*fn);
}

} // namespace pyston::fuzz
