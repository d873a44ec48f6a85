// Phis: merging environments, and what is left to do when the graph is complete.
#include "build/graph_builder.h"

#include <algorithm>

namespace pyston::build {

using namespace hir;

namespace {

bool isAlias(const Value* value) {
    return value->ownership() == Ownership::kAlias && value->numOperands() > 0;
}

size_t numPhis(const Block* block) {
    size_t n = 0;
    while (n < block->instrs().size() && block->instrs()[n]->isPhi())
        ++n;
    return n;
}

// Replacements of trivial phis, by id; chains are followed.
class TrivialPhis {
  public:
    explicit TrivialPhis(int numIds) : map_(static_cast<size_t>(numIds), nullptr) {}

    bool isReplaced(const Value* phi) const { return map_[static_cast<size_t>(phi->id())]; }
    std::span<Value* const> map() const { return map_; }

    bool visit(Value* phi) {
        Value* same = nullptr;
        for (Value* operand : phi->operands()) {
            Value* value = resolve(operand);
            if (root(value) == phi)
                continue;
            same = same ? common(same, value) : value;
            if (!same)
                return false;
        }
        if (!same)
            return false;
        map_[static_cast<size_t>(phi->id())] = same;
        return true;
    }

  private:
    Value* resolve(Value* value) const {
        while (Value* next = map_[static_cast<size_t>(value->id())])
            value = next;
        return value;
    }
    Value* root(Value* value) const {
        while (isAlias(value))
            value = resolve(value->operand(0));
        return value;
    }
    Value* common(Value* a, Value* b) const {
        for (Value* x = a;; x = resolve(x->operand(0))) {
            for (Value* y = b;; y = resolve(y->operand(0))) {
                if (x == y)
                    return x;
                if (!isAlias(y))
                    break;
            }
            if (!isAlias(x))
                return nullptr;
        }
    }

    std::vector<Value*> map_;
};

} // namespace

const Value* rootValue(const Value* value) {
    while (value->ownership() == Ownership::kAlias && value->numOperands() > 0)
        value = value->operand(0);
    return value;
}

Value* commonValue(Value* a, Value* b) {
    for (Value* x = a;; x = x->operand(0)) {
        for (Value* y = b;; y = y->operand(0)) {
            if (x == y)
                return x;
            if (!isAlias(y))
                break;
        }
        if (!isAlias(x))
            return nullptr;
    }
}

Value* GraphBuilder::nullIn(Block* block) {
    Value* null = fn_.newInstr(Opcode::kConstNull, {});
    if (Value* last = block->terminator())
        block->insertBefore(last, null);
    else
        block->append(null);
    return null;
}

// The value at the start of `block` of what is `values[i]` at the end of `preds[i]`.
Value* GraphBuilder::merge(Block* block, std::span<Value* const> values,
                           std::span<Block* const> preds) {
    Value* same = values[0];
    bool sameConstant = same && same->opcode() == Opcode::kConstObject;
    for (Value* value : values.subspan(1)) {
        if (same != value)
            same = same && value ? commonValue(same, value) : nullptr;
        sameConstant = sameConstant && value && value->opcode() == Opcode::kConstObject &&
                       value->imm() == values[0]->imm();
        if (!same && !sameConstant)
            break;
    }
    if (same)
        return same;
    if (sameConstant) {
        Value* constant = fn_.newInstr(Opcode::kConstObject, values[0]->type());
        constant->setImm(values[0]->imm());
        block->append(constant);
        return constant;
    }
    if (std::ranges::all_of(values, [](Value* value) { return !value; }))
        return nullptr;
    std::vector<Value*> operands(values.begin(), values.end());
    for (size_t i = 0; i < operands.size(); ++i)
        if (!operands[i])
            operands[i] = nullIn(preds[i]);
    Type type = operands[0]->type();
    for (Value* operand : operands)
        type = join(type, operand->type());
    Value* phi = fn_.newInstr(Opcode::kPhi, type, operands);
    block->insert(numPhis(block), phi);
    phis_.push_back(phi);
    return phi;
}

void GraphBuilder::finishPhis() {
    removeTrivialPhis();
    inferPhiTypes();
    removeQuietDrops();
}

void GraphBuilder::removeTrivialPhis() {
    TrivialPhis trivial(fn_.numInstrIds());
    bool any = false;
    for (bool changed = true; changed; any |= changed) {
        changed = false;
        for (Value* phi : phis_)
            changed |= !trivial.isReplaced(phi) && trivial.visit(phi);
    }
    if (!any)
        return;
    fn_.replaceAllUses(trivial.map());
    replaced_.assign(trivial.map().begin(), trivial.map().end());
    auto isReplaced = [&](Value* i) { return i->isPhi() && trivial.isReplaced(i); };
    for (Block* block : fn_.blocks())
        std::erase_if(block->instrs(), isReplaced);
    std::erase_if(phis_, isReplaced);
}

// Optimistic: a phi has the class that all its inputs have, where phis that feed each other do not
// contradict. Refinements that add nothing themselves follow.
std::vector<GraphBuilder::Possible> GraphBuilder::possibleTypes(EntryLoads loads) const {
    std::vector<Value*> open; // in an order in which definitions mostly come first
    std::vector<uint8_t> isOpen(static_cast<size_t>(fn_.numInstrIds()), 0);
    for (Block* block : fn_.blocks())
        for (Value* instr : block->instrs())
            if (instr->type().isCounted() &&
                (instr->isPhi() ||
                 (isAlias(instr) && instr->type().exact == ExactClass::kUnknown))) {
                open.push_back(instr);
                isOpen[static_cast<size_t>(instr->id())] = 1;
            }
    std::vector<Possible> possible(static_cast<size_t>(fn_.numInstrIds()));
    auto of = [&](const Value* operand) -> Possible {
        if (loads == EntryLoads::kIgnore && isEntryLoad(operand))
            return {};
        if (isOpen[static_cast<size_t>(operand->id())])
            return possible[static_cast<size_t>(operand->id())];
        if (operand->opcode() == Opcode::kConstNull)
            return {.null = true};
        return {true, operand->type().exact, operand->type().rep == Rep::kNullable};
    };
    auto settle = [&] {
        for (bool changed = true; changed;) {
            changed = false;
            for (const Value* instr : open) {
                Possible& mine = possible[static_cast<size_t>(instr->id())];
                Possible all = mine;
                const size_t count = instr->isPhi() ? instr->numOperands() : 1;
                for (size_t i = 0; i < count; ++i) {
                    const Possible one = of(instr->operand(i));
                    all.null |= one.null && (instr->isPhi() || instr->type().rep == Rep::kNullable);
                    if (one.seen)
                        all.exact =
                            !all.seen || all.exact == one.exact ? one.exact : ExactClass::kUnknown;
                    all.seen |= one.seen;
                }
                changed |= all != mine;
                mine = all;
            }
        }
    };
    settle();
    // What is always NULL says nothing of itself, but users must expect its declared type.
    for (const Value* instr : open)
        if (Possible& mine = possible[static_cast<size_t>(instr->id())]; !mine.seen)
            mine = {true, ExactClass::kUnknown, true};
    settle();
    return possible;
}

void GraphBuilder::inferPhiTypes() {
    const std::vector<Possible> possible = possibleTypes(EntryLoads::kCount);
    for (Block* block : fn_.blocks())
        for (Value* instr : block->instrs()) {
            const Possible& p = possible[static_cast<size_t>(instr->id())];
            if (!p.seen)
                continue;
            Type type = instr->type();
            type.exact = p.exact;
            if (instr->isPhi())
                type.rep = p.null ? Rep::kNullable : Rep::kObject;
            instr->setType(type);
        }
}

const Value* GraphBuilder::resolved(const Value* phi) const {
    while (static_cast<size_t>(phi->id()) < replaced_.size() &&
           replaced_[static_cast<size_t>(phi->id())])
        phi = replaced_[static_cast<size_t>(phi->id())];
    return phi;
}

// Variables that are the same in each iteration had their classes when the loop was built.
HeaderTypes GraphBuilder::headerTypes() const {
    HeaderTypes types;
    const std::vector<Possible> possible = possibleTypes(EntryLoads::kIgnore);
    for (size_t b = 0; b < data_.size(); ++b)
        for (const BlockData::HeaderPhi& p : data_[b].phis) {
            const Value* phi = resolved(p.phi);
            if (!phi->isPhi() || phi->block() != data_[b].hir)
                continue;
            const ExactClass c = possible[static_cast<size_t>(phi->id())].exact;
            auto canGuard = [&](const Value* input) {
                return !isEntryLoad(input) || input->type().rep == Rep::kObject ||
                       (facts().zeroOf && facts().zeroOf(c));
            };
            if (c != ExactClass::kUnknown && std::ranges::all_of(phi->operands(), canGuard))
                types[{static_cast<int>(b), p.onStack, p.index}] = c;
        }
    return types;
}

// Phi types were inferred anew: each assumption must be among what was found.
bool GraphBuilder::assumptionsHold() const {
    for (size_t b = 0; b < data_.size(); ++b)
        for (const BlockData::HeaderPhi& p : data_[b].phis) {
            auto it = assumed_.find({static_cast<int>(b), p.onStack, p.index});
            if (it != assumed_.end() && resolved(p.phi)->type().exact != it->second)
                return false;
        }
    return true;
}

void GraphBuilder::removeQuietDrops() {
    for (Block* block : fn_.blocks())
        std::erase_if(block->instrs(), [](const Value* instr) {
            return instr->opcode() == Opcode::kDrop && instr->operand(0)->type().diesQuietly();
        });
}

} // namespace pyston::build
