// Makes locals visible in the frame's memory where somebody may look.
//
// Forward dataflow over "which value does each slot of the frame's memory hold": entries start with
// the memory's own values, an observation (an operation that runs Python code) makes memory agree
// with its frame state, everything else leaves memory alone. Before each observation the slots that
// may disagree are stored (StoreFrameSlot moves no reference), and prev_instr likewise.
//
// Observations that hardly ever happen (a Decref that frees something with a finalizer, the eval
// breaker) store nothing: their exit references say what memory holds already, and the rest is made
// visible from the exit record when it happens (RuntimeAddresses::observe), so that the usual path
// neither stores nor boxes.
//
// Requires: insertReferenceCounts. Provides: memory is right at each observation; exits whose slot
// already holds the value say so (kInFrame). Breaks: nothing may be moved across observations.
#include "passes/cfg.h"
#include "passes/passes.h"
#include "runtime/helpers.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace pyston::passes {

using namespace hir;

namespace {

constexpr int kUnknownOffset = -1;

// What a slot of the frame's memory is known to hold.
struct Cell {
    enum Kind : uint8_t { kUnknown, kNull, kValue } kind = kUnknown;
    Instr* value = nullptr; // root
    bool operator==(const Cell&) const = default;
};

struct Memory {
    std::vector<Cell> slots;
    int prevInstr = kUnknownOffset;
    bool visited = false;
    bool operator==(const Memory&) const = default;
};

Cell cellOf(Instr* value) {
    if (!value || value->opcode() == Opcode::kConstNull)
        return {Cell::kNull, nullptr};
    if (!value->type().isCounted())
        return {Cell::kUnknown, nullptr};
    return {Cell::kValue, rootOf(value)};
}

// An observation on a path of its own, taken rarely.
bool isRareObservation(const Instr* instr) {
    return instr->opcode() == Opcode::kCheckEvalBreaker ||
           (instr->opcode() == Opcode::kDecref && !instr->operand(0)->type().diesQuietly());
}
bool isObservation(const Instr* instr) {
    if (!instr->hasFrameState() || isRareObservation(instr) || instr->opcode() == Opcode::kDecref)
        return false;
    return instr->has(kRunPython);
}
// Operations that allocate or fail show their line (tracemalloc, warnings), though not the locals.
bool showsLine(const Instr* instr) {
    return instr->hasFrameState() && instr->opcode() == Opcode::kCallRuntime;
}

class FrameStores {
  public:
    explicit FrameStores(Function& fn)
        : fn_(fn), out_(static_cast<size_t>(fn.numBlockIds())),
          shown_(static_cast<size_t>(fn.numInstrIds())) {}

    void run() {
        for (bool changed = true; changed;) {
            changed = false;
            for (Block* block : fn_.blocks())
                changed |= visit(block);
        }
        const std::vector<Block*> blocks = fn_.blocks();
        for (Block* block : blocks)
            rewrite(block);
    }

  private:
    Memory unknownMemory() const {
        Memory memory;
        memory.slots.assign(static_cast<size_t>(fn_.numSlots), Cell{});
        memory.visited = true;
        return memory;
    }

    // The state at the start of a block: what all visited predecessors agree on, seen through phis.
    Memory merge(Block* block) {
        if (block->preds().empty()) {
            Memory memory = unknownMemory();
            if (block->entryOffset() == 0) // a new frame: what is not an argument is unbound
                memory.slots.assign(memory.slots.size(), Cell{Cell::kNull, nullptr});
            return memory;
        }
        Memory merged;
        for (size_t p = 0; p < block->preds().size(); ++p) {
            const Memory& before = out(block->preds()[p]);
            if (!before.visited)
                continue;
            Memory in = before;
            for (size_t s = 0; s < in.slots.size(); ++s)
                in.slots[s] = throughPhis(block, p, in.slots[s], s);
            if (!merged.visited) {
                merged = std::move(in);
                continue;
            }
            for (size_t s = 0; s < in.slots.size(); ++s)
                if (in.slots[s] != merged.slots[s])
                    merged.slots[s] = {};
            if (in.prevInstr != merged.prevInstr)
                merged.prevInstr = kUnknownOffset;
        }
        return merged.visited ? merged : unknownMemory();
    }

    // A slot that holds a phi's input on this edge holds the phi.
    Cell throughPhis(Block* block, size_t pred, Cell cell, size_t slot) {
        if (cell.kind != Cell::kValue)
            return cell;
        Instr* wanted = nullptr;
        if (const FrameState* start = block->startState(); start && slot < start->slots.size())
            wanted = start->slots[slot] ? rootOf(start->slots[slot]) : nullptr;
        for (Instr* phi : block->instrs()) {
            if (!phi->isPhi())
                break;
            if (!phi->type().isCounted() || rootOf(phi->operand(pred)) != cell.value)
                continue;
            if (phi == wanted)
                return {Cell::kValue, phi};
        }
        // A phi of this block from an earlier iteration is not this iteration's.
        return cell.value->isPhi() && cell.value->block() == block ? Cell{} : cell;
    }

    bool visit(Block* block) {
        Memory memory = merge(block);
        for (Instr* instr : block->instrs()) {
            if (instr->opcode() == Opcode::kLeaveFrame)
                break; // nobody can look at it any more
            transfer(instr, memory);
        }
        Memory& before = out(block);
        if (before == memory)
            return false;
        before = std::move(memory);
        return true;
    }

    void transfer(Instr* instr, Memory& memory) {
        if (instr->opcode() == Opcode::kLoadFrameSlot) {
            if (instr->imm() < fn_.numSlots)
                show(memory, static_cast<size_t>(instr->imm()), instr);
            return;
        }
        if (instr->type().isCounted() && !instr->isPhi() && wasShown(instr))
            for (Cell& cell : memory.slots)
                if (cell.kind == Cell::kValue && cell.value == instr)
                    cell = {}; // defined anew: memory holds that of an earlier iteration
        if (isObservation(instr)) {
            const auto& slots = instr->frameState()->slots;
            for (size_t s = 0; s < slots.size(); ++s)
                show(memory, s, slots[s]);
            memory.prevInstr = instr->frameState()->instrOffset;
        } else if (isRareObservation(instr)) {
            afterRareObservation(instr, memory);
        } else if (showsLine(instr)) {
            memory.prevInstr = instr->frameState()->instrOffset;
        }
    }

    void show(Memory& memory, size_t slot, Instr* value) {
        const Cell cell = cellOf(value);
        memory.slots[slot] = cell;
        if (cell.value)
            shown_[static_cast<size_t>(cell.value->id())] = true;
    }
    bool wasShown(const Instr* instr) const {
        const auto id = static_cast<size_t>(instr->id());
        return id < shown_.size() && shown_[id];
    }

    // On the rare path memory was made right, on the usual one it is as it was.
    void afterRareObservation(const Instr* instr, Memory& memory) {
        const FrameState* fs = instr->frameState() ? instr->frameState()->outermost() : nullptr;
        for (size_t s = 0; s < memory.slots.size(); ++s) {
            Cell wanted = fs ? cellOf(fs->slots[s]) : Cell{};
            if (memory.slots[s] != wanted)
                memory.slots[s] = {};
        }
        if (!fs || memory.prevInstr != fs->instrOffset)
            memory.prevInstr = kUnknownOffset;
    }

    // --- rewriting

    void rewrite(Block* block) {
        Memory memory = merge(block);
        for (size_t n = 0; n < block->instrs().size(); ++n) {
            Instr* instr = block->instrs()[n];
            if (instr->opcode() == Opcode::kLeaveFrame)
                return;
            if (isObservation(instr)) {
                std::vector<Instr*> stores, boxes;
                storeSlots(instr->frameState(), memory, stores, block->isCold() ? &boxes : nullptr);
                showPrevInstr(instr->frameState(), memory, stores);
                for (Instr* store : stores)
                    block->insert(n++, store);
                markInFrame(instr, memory);
                releaseBoxes(block, n, boxes);
                transfer(instr, memory);
                n += boxes.size();
                continue;
            } else if (instr->opcode() == Opcode::kDecref && instr->hasFrameState()) {
                instr->setExitReferences(nothingMoves(*instr->frameState()));
            } else if (showsLine(instr)) {
                std::vector<Instr*> stores;
                showPrevInstr(instr->frameState(), memory, stores);
                for (Instr* store : stores)
                    block->insert(n++, store);
            }
            markInFrame(instr, memory);
            transfer(instr, memory);
        }
    }

    void showPrevInstr(const FrameState* fs, const Memory& memory, std::vector<Instr*>& out) {
        if (memory.prevInstr == fs->instrOffset)
            return;
        Instr* set = fn_.newInstr(Opcode::kSetPrevInstr);
        set->setImm(fs->instrOffset);
        out.push_back(set);
    }

    // After the observation at `n`, and at its exit.
    void releaseBoxes(Block* block, size_t n, const std::vector<Instr*>& boxes) {
        if (boxes.empty())
            return;
        Instr* instr = block->instrs()[n];
        if (ExitReferences* refs = instr->exitReferences())
            refs->releases.insert(refs->releases.end(), boxes.begin(), boxes.end());
        for (Instr* box : boxes) {
            Instr* decref = fn_.newInstr(Opcode::kDecref, {box});
            decref->setFrameState(instr->frameState());
            block->insert(++n, decref);
        }
    }

    // Stores every slot that may disagree. Unboxed values are boxed (only on rare paths do they
    // occur); the boxes are added to `boxes`, for the caller to release after the observation.
    void storeSlots(const FrameState* fs, const Memory& memory, std::vector<Instr*>& out,
                    std::vector<Instr*>* boxes) {
        std::unordered_map<const Instr*, Instr*> boxOf; // one number in two slots is one object
        for (size_t s = 0; s < fs->slots.size(); ++s) {
            Instr* value = fs->slots[s];
            if (cellOf(value).kind != Cell::kUnknown && cellOf(value) == memory.slots[s])
                continue;
            if (!value) {
                value = fn_.newInstr(Opcode::kConstNull);
                out.push_back(value);
            } else if (!value->type().isCounted()) {
                assert(boxes);
                Instr*& box = boxOf[value];
                if (!box) {
                    box = boxForFrame(value, out);
                    if (box->ownership() == Ownership::kNew)
                        boxes->push_back(box);
                }
                value = box;
            }
            Instr* store = fn_.newInstr(Opcode::kStoreFrameSlot, {value});
            store->setImm(static_cast<int64_t>(s));
            out.push_back(store);
        }
    }

    Instr* boxForFrame(Instr* value, std::vector<Instr*>& out) {
        Instr* box;
        if (value->opcode() == Opcode::kOptional) {
            bool isInt = value->type().rep == Rep::kInt64;
            box = fn_.newInstr(Opcode::kCallRuntime,
                               Type{Rep::kNullable, isInt ? ExactClass::kInt : ExactClass::kFloat},
                               value->operands());
            box->setImm(static_cast<int64_t>(isInt ? runtime::Helper::kNewOptionalIntOrNull
                                                   : runtime::Helper::kNewOptionalFloatOrNull));
        } else if (value->type().rep == Rep::kBool) {
            box = fn_.newInstr(Opcode::kBoxBool, exactObject(ExactClass::kBool), {&value, 1});
        } else {
            bool isInt = value->type().rep == Rep::kInt64;
            box = fn_.newInstr(Opcode::kCallRuntime,
                               Type{Rep::kNullable, isInt ? ExactClass::kInt : ExactClass::kFloat},
                               {&value, 1});
            box->setImm(static_cast<int64_t>(isInt ? runtime::Helper::kNewIntOrNull
                                                   : runtime::Helper::kNewFloatOrNull));
        }
        out.push_back(box);
        return box;
    }

    // A release shows the locals, but gives nothing away.
    static ExitReferences nothingMoves(const FrameState& fs) {
        ExitReferences refs;
        const FrameState* state = &fs;
        for (; state->parent; state = state->parent)
            refs.inlined.resize(refs.inlined.size() + state->slots.size() + state->stack.size(),
                                ExitReferences::kMove);
        refs.slots.assign(state->slots.size(), ExitReferences::kMove);
        refs.stack.assign(state->stack.size(), ExitReferences::kMove);
        return refs;
    }

    // A slot whose memory holds the moved value already needs no write.
    static void markInFrame(Instr* instr, const Memory& memory) {
        ExitReferences* refs = instr->exitReferences();
        if (!refs)
            return;
        const auto& slots = instr->frameState()->outermost()->slots;
        for (size_t s = 0; s < slots.size(); ++s) {
            if (refs->slots[s] == ExitReferences::kMove && memory.slots[s].kind == Cell::kValue &&
                cellOf(slots[s]) == memory.slots[s])
                refs->slots[s] = ExitReferences::kInFrame;
        }
    }

    Memory& out(const Block* block) { return out_[static_cast<size_t>(block->id())]; }

    Function& fn_;
    std::vector<Memory> out_; // by block id: at the end of the block
    // By instruction id: has a slot been known to hold the value? (What is added here is in no
    // frame state, so in no slot.)
    std::vector<bool> shown_;
};

} // namespace

void placeFrameStores(Function& fn) {
    FrameStores(fn).run();
}

} // namespace pyston::passes
