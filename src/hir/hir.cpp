// The graph: instructions, blocks, functions.
#include "hir/hir.h"

#include "runtime/helpers.h"

#include <algorithm>
#include <unordered_map>

namespace pyston::hir {
namespace {

// The signature character of an operand of an operation other than CallRuntime.
char signatureChar(std::string_view signature, size_t index) {
    if (signature.ends_with('*')) {
        return signature[std::min(index, signature.size() - 2)];
    }
    return index < signature.size() ? signature[index] : 0;
}

} // namespace

// --- Instr

uint16_t Instr::effectsByUse() const {
    if (opcode_ == Opcode::kCallRuntime) {
        return runtime::info(static_cast<runtime::Helper>(imm_)).effects;
    }
    uint16_t row = info().effects;
    if (operands_[0]->type().diesQuietly()) {
        row &= static_cast<uint16_t>(~(kRunPython | kReadHeap | kWriteHeap));
    }
    return row;
}

char Instr::operandKind(size_t index) const {
    if (opcode_ != Opcode::kCallRuntime) {
        return signatureChar(info().operands, index);
    }
    char c = runtime::operandKind(static_cast<runtime::Helper>(imm_), index);
    return c == '*' ? 'n' : c == 'P' ? 'N' : c;
}

bool Instr::steals(size_t operandIndex) const {
    char c = operandKind(operandIndex);
    return c == 'O' || c == 'N';
}

bool Instr::isRemovableIfUnused() const {
    uint16_t e = effects();
    if (e & kResultExit) {
        e &= static_cast<uint16_t>(~(kExit | kResultExit));
    }
    return (e & ~(kReadHeap | kAllocate)) == 0;
}

// --- Block

std::span<Block* const> Block::succs() const {
    const Instr* last = terminator();
    return last ? last->targets() : std::span<Block* const>();
}

size_t Block::predIndex(const Block* pred) const {
    return static_cast<size_t>(std::find(preds_.begin(), preds_.end(), pred) - preds_.begin());
}

void Block::append(Instr* instr) {
    instr->block_ = this;
    instrs_.push_back(instr);
}

void Block::insert(size_t position, Instr* instr) {
    instr->block_ = this;
    instrs_.insert(instrs_.begin() + static_cast<long>(position), instr);
}

void Block::insertBefore(Instr* position, Instr* instr) {
    auto it = std::find(instrs_.begin(), instrs_.end(), position);
    instr->block_ = this;
    instrs_.insert(it, instr);
}

// --- Function

Block* Function::newBlock(int entryOffset) {
    ownedBlocks_.push_back(std::make_unique<Block>());
    Block* block = ownedBlocks_.back().get();
    block->id_ = nextBlockId_++;
    block->function_ = this;
    block->entryOffset_ = entryOffset;
    blocks_.push_back(block);
    return block;
}

Instr* Function::newInstr(Opcode op, Type type, std::span<Instr* const> operands) {
    ownedInstrs_.push_back(std::make_unique<Instr>());
    Instr* instr = ownedInstrs_.back().get();
    instr->id_ = nextInstrId_++;
    instr->opcode_ = op;
    instr->type_ = type;
    instr->operands_.assign(operands.begin(), operands.end());
    return instr;
}

Instr* Function::newInstr(Opcode op, std::initializer_list<Instr*> operands) {
    const OpcodeInfo& row = hir::info(op);
    Type type = row.result;
    if (op == Opcode::kBoxInt) {
        type = exactObject(ExactClass::kInt);
    } else if (op == Opcode::kBoxDouble) {
        type = exactObject(ExactClass::kFloat);
    } else if (op == Opcode::kBoxBool) {
        type = exactObject(ExactClass::kBool);
    } else if (row.ownership == Ownership::kAlias && operands.size() > 0) {
        type.exact = (*operands.begin())->type().exact;
    }
    return newInstr(op, type, std::span<Instr* const>(operands.begin(), operands.size()));
}

Instr* Function::newJump(Block* target) {
    Instr* instr = newInstr(Opcode::kJump, kVoid);
    instr->targets_ = {target};
    return instr;
}

Instr* Function::newBranch(Opcode op, Instr* value, Block* ifTrue, Block* ifFalse) {
    Instr* instr = newInstr(op, {value});
    instr->targets_ = {ifTrue, ifFalse};
    return instr;
}

FrameState* Function::copyWithParents(const FrameState& state) {
    FrameState* copy = newFrameState(state);
    if (state.parent) {
        copy->parent = copyWithParents(*state.parent);
    }
    return copy;
}

FrameState* Function::newFrameState(const FrameState& copy) {
    int id = frameStates_.empty() ? 0 : frameStates_.back()->id + 1;
    frameStates_.push_back(std::make_unique<FrameState>(copy));
    frameStates_.back()->id = id;
    return frameStates_.back().get();
}

void Function::reserveIds(int instrId, int blockId) {
    nextInstrId_ = std::max(nextInstrId_, instrId);
    nextBlockId_ = std::max(nextBlockId_, blockId);
}

namespace {

// Depth-first walk from all entries; fills `postorder` and marks the targets of retreating edges.
void walkPostorder(Function& fn, std::vector<Block*>& postorder) {
    enum : uint8_t { kNew, kOpen, kDone };
    std::vector<uint8_t> state(static_cast<size_t>(fn.numBlockIds()), kNew);
    struct Step {
        Block* block;
        size_t remaining; // successors still to be walked, from the last to the first
    };
    std::vector<Step> stack;
    for (Block* entry : fn.blocks()) {
        entry->setLoopHeader(false);
    }
    for (Block* entry : fn.blocks()) {
        if (!entry->isEntry() || state[static_cast<size_t>(entry->id())] != kNew) {
            continue;
        }
        state[static_cast<size_t>(entry->id())] = kOpen;
        stack.push_back({entry, entry->succs().size()});
        while (!stack.empty()) {
            Step& top = stack.back();
            if (top.remaining == 0) {
                state[static_cast<size_t>(top.block->id())] = kDone;
                postorder.push_back(top.block);
                stack.pop_back();
                continue;
            }
            Block* succ = top.block->succs()[--top.remaining];
            uint8_t& s = state[static_cast<size_t>(succ->id())];
            if (s == kOpen) {
                succ->setLoopHeader(true);
            } else if (s == kNew) {
                s = kOpen;
                stack.push_back({succ, succ->succs().size()});
            }
        }
    }
}

// Brings preds in line with the edges. Known preds keep their order and with it the meaning of phi
// operands; operands of vanished edges go; new edges are appended.
void updatePreds(Block* block, const std::vector<Block*>& edges) {
    std::unordered_map<const Block*, int> wanted;
    for (const Block* pred : edges) {
        wanted[pred]++;
    }
    std::vector<Block*>& preds = block->preds();
    for (size_t i = 0; i < preds.size();) {
        auto it = wanted.find(preds[i]);
        if (it != wanted.end() && it->second > 0) {
            it->second--;
            i++;
            continue;
        }
        preds.erase(preds.begin() + static_cast<long>(i));
        for (Instr* instr : block->instrs()) {
            if (!instr->isPhi()) {
                break;
            }
            if (i < instr->numOperands()) {
                instr->removeOperand(i);
            }
        }
    }
    for (Block* pred : edges) {
        if (wanted[pred] > 0) {
            wanted[pred]--;
            preds.push_back(pred);
        }
    }
}

} // namespace

void Function::orderBlocks() {
    std::vector<Block*> order;
    walkPostorder(*this, order);
    std::reverse(order.begin(), order.end());
    // Entry blocks have no predecessors: they may all come first, in the order in which they were
    // made.
    std::vector<Block*> entries;
    for (Block* block : blocks_) {
        if (block->isEntry()) {
            entries.push_back(block);
        }
    }
    std::erase_if(order, [](const Block* block) { return block->isEntry(); });
    blocks_ = std::move(entries);
    blocks_.insert(blocks_.end(), order.begin(), order.end());

    std::vector<std::vector<Block*>> edges(static_cast<size_t>(nextBlockId_));
    for (Block* block : blocks_) {
        for (Block* succ : block->succs()) {
            edges[static_cast<size_t>(succ->id())].push_back(block);
        }
    }
    for (Block* block : blocks_) {
        updatePreds(block, edges[static_cast<size_t>(block->id())]);
    }
}

void Function::replaceAllUses(Instr* from, Instr* to) {
    std::vector<Instr*> map(static_cast<size_t>(nextInstrId_), nullptr);
    map[static_cast<size_t>(from->id())] = to;
    replaceAllUses(map);
}

void Function::replaceAllUses(std::span<Instr* const> map) {
    auto replace = [&](Instr*& value) {
        while (value && static_cast<size_t>(value->id()) < map.size()) {
            Instr* next = map[static_cast<size_t>(value->id())];
            if (!next || next == value) {
                break;
            }
            value = next;
        }
    };
    for (Block* block : blocks_) {
        for (Instr* instr : block->instrs_) {
            for (Instr*& operand : instr->operands_) {
                replace(operand);
            }
            if (instr->exitReferences_) {
                for (Instr*& value : instr->exitReferences_->releases) {
                    replace(value);
                }
            }
        }
    }
    for (const std::unique_ptr<FrameState>& state : frameStates_) {
        for (Instr*& value : state->slots) {
            replace(value);
        }
        for (Instr*& value : state->stack) {
            replace(value);
        }
    }
}

} // namespace pyston::hir
