// Global value numbering over the dominator tree, for pure operations, guards and memory reads.
//
// Walks the dominator tree with scoped tables (as LLVM's EarlyCSE does). Objects are keyed by the
// value behind their guards, so a guard does not hide that two operations see the same object.
// Memory reads are keyed by the version of the region they read (memory_versions.h), which a store
// of a known kind changes for its region only and an opaque operation for all. A store makes its
// value available to loads of the same place, and a later use of a value is a use of its refinement
// by a dominating guard. What a branch decided is known in the block that only it leads to.
//
// Requires: orderBlocks(). Provides: the same. Breaks: nothing. New objects (boxes) are never
// shared: each has its own identity.
#include "passes/cfg.h"
#include "passes/memory_versions.h"
#include "passes/passes.h"

#include <algorithm>
#include <unordered_map>

namespace pyston::passes {

using namespace hir;

namespace {

struct Key {
    Opcode op;
    int block;   // phis: the same operands mean the same only in the same block
    int version; // of memory, for reads
    int64_t imm, imm2;
    std::vector<int> operands;
    bool operator==(const Key&) const = default;
};

struct KeyHash {
    size_t operator()(const Key& key) const {
        uint64_t h = static_cast<uint64_t>(key.op);
        auto mix = [&](int64_t n) {
            h = (h ^ static_cast<uint64_t>(n)) * 0x9e3779b97f4a7c15u;
            h ^= h >> 29;
        };
        mix(key.block);
        mix(key.version);
        mix(key.imm);
        mix(key.imm2);
        for (int id : key.operands) {
            mix(id);
        }
        return h;
    }
};

bool isCommutative(Opcode op) {
    switch (op) {
    case Opcode::kIntAdd:
    case Opcode::kIntMul:
    case Opcode::kIntAnd:
    case Opcode::kIntOr:
    case Opcode::kIntXor:
    case Opcode::kObjectIs:
        return true;
    default:
        return false;
    }
}

// The load that reads what a store wrote, given the store's operands without the last (the value).
std::optional<Opcode> loadOf(Opcode store) {
    switch (store) {
    case Opcode::kStoreInstanceValue:
        return Opcode::kLoadInstanceValue;
    case Opcode::kStoreHintedValue:
        return Opcode::kLoadHintedValue;
    case Opcode::kListSet:
        return Opcode::kListGet;
    case Opcode::kStoreField:
        return Opcode::kLoadField;
    case Opcode::kCellSet:
        return Opcode::kCellGet;
    default:
        return std::nullopt;
    }
}

// Equal operands (and memory) give an equal result, or leave equally.
bool canShare(const Instr* instr) {
    constexpr uint16_t kAllowed = kReadHeap | kExit | kResultExit;
    return (instr->effects() & ~kAllowed) == 0;
}

class ValueNumbering {
  public:
    explicit ValueNumbering(Function& fn)
        : fn_(fn), memory_(fn), children_(static_cast<size_t>(fn.numBlockIds())),
          replaced_(static_cast<size_t>(fn.numInstrIds()), nullptr) {}

    // Returns true when a release turned out to run no code, so that another walk sees more.
    bool run() {
        Dominators dominators(fn_);
        std::vector<Block*> roots;
        for (Block* block : fn_.blocks()) {
            const Block* parent = dominators.idom(block);
            (parent ? children_[static_cast<size_t>(parent->id())] : roots).push_back(block);
        }
        for (Block* root : roots) {
            walk(root);
        }
        fn_.replaceAllUses(replaced_);
        return quieted_;
    }

  private:
    // The tables' entries as they were, to be restored when the walk leaves a block's subtree.
    struct Undo {
        enum { kTable, kRefined, kTruth } kind;
        Key key;
        int id;
        Instr* value;
        std::optional<bool> truth;
    };

    void walk(Block* top) {
        // An explicit stack: dominator trees of long functions are deep.
        struct Step {
            Block* block;
            size_t nextChild;
            size_t undoMark;
        };
        std::vector<Step> stack{{top, 0, undo_.size()}};
        visit(top);
        while (!stack.empty()) {
            Step& step = stack.back();
            const std::vector<Block*>& children = children_[static_cast<size_t>(step.block->id())];
            if (step.nextChild < children.size()) {
                Block* child = children[step.nextChild++];
                stack.push_back({child, 0, undo_.size()});
                visit(child);
            } else {
                restore(step.undoMark);
                stack.pop_back();
            }
        }
    }

    void restore(size_t mark) {
        while (undo_.size() > mark) {
            Undo& entry = undo_.back();
            if (entry.kind == Undo::kTable) {
                set(table_, entry.key, entry.value);
            } else if (entry.kind == Undo::kRefined) {
                set(refined_, entry.id, entry.value);
            } else {
                truth_[entry.id] = entry.truth;
            }
            undo_.pop_back();
        }
    }

    template<typename Map, typename K> static void set(Map& map, const K& key, Instr* value) {
        if (value) {
            map[key] = value;
        } else {
            map.erase(key);
        }
    }
    template<typename Map, typename K> static Instr* get(const Map& map, const K& key) {
        auto it = map.find(key);
        return it == map.end() ? nullptr : it->second;
    }
    void remember(const Key& key, Instr* value) {
        undo_.push_back({Undo::kTable, key, 0, get(table_, key), {}});
        table_[key] = value;
    }
    void refine(Instr* value) {
        int id = root(value)->id();
        Instr* current = get(refined_, id);
        if (!current || isSubtype(value->type(), current->type())) {
            undo_.push_back({Undo::kRefined, {}, id, current, {}});
            refined_[id] = value;
        }
    }
    void decide(const Instr* condition, bool truth) {
        if (condition->opcode() != Opcode::kConstBool) {
            std::optional<bool>& known = truth_[condition->id()];
            undo_.push_back({Undo::kTruth, {}, condition->id(), nullptr, known});
            known = truth;
        }
    }

    Instr* resolve(Instr* value) const {
        while (value && static_cast<size_t>(value->id()) < replaced_.size() &&
               replaced_[static_cast<size_t>(value->id())]) {
            value = replaced_[static_cast<size_t>(value->id())];
        }
        return value;
    }
    Instr* root(Instr* value) const {
        value = resolve(value);
        while (value->ownership() == Ownership::kAlias) {
            value = resolve(value->operand(0));
        }
        return value;
    }

    // The most refined form of a value that is available here.
    Instr* best(Instr* value) const {
        value = resolve(value);
        if (!value->type().isCounted()) {
            return value;
        }
        const Instr* object = root(value);
        if (object->opcode() == Opcode::kConstNull) {
            return value; // a guard on NULL only ever leaves
        }
        Instr* refined = get(refined_, object->id());
        return refined && isSubtype(refined->type(), value->type()) ? refined : value;
    }

    void visit(Block* block) {
        Versions versions = memory_.atStart(block);
        std::vector<Instr*> old = std::move(block->instrs());
        block->instrs().clear();
        learnFromBranch(block);
        for (Instr* instr : old) {
            if (!process(block, instr, versions)) {
                block->append(instr);
            }
        }
        for (Block* succ : block->succs()) {
            refinePhiOperands(block, succ);
        }
    }

    // The only way into `block` tells how its branch went.
    void learnFromBranch(Block* block) {
        if (block->preds().size() != 1) {
            return;
        }
        const Instr* last = block->preds()[0]->terminator();
        if (last->opcode() != Opcode::kBranch || last->target(0) == last->target(1)) {
            return;
        }
        decide(resolve(last->operand(0)), last->target(0) == block);
    }

    void refinePhiOperands(Block* block, Block* succ) {
        for (Instr* phi : succ->instrs()) {
            if (!phi->isPhi()) {
                return;
            }
            for (size_t i = 0; i < phi->numOperands(); i++) {
                if (succ->preds()[i] == block) {
                    phi->setOperand(i, best(phi->operand(i)));
                }
            }
        }
    }

    Key keyOf(Opcode op, const Instr* instr, size_t numOperands, const Versions& versions) const {
        Key key{op, instr->isPhi() ? instr->block()->id() : -1, -1, instr->imm(), instr->imm2(),
                {}};
        if (instr->has(kReadHeap) || instr->has(kWriteHeap)) {
            key.version = versions[static_cast<size_t>(regionRead(op))];
        }
        for (size_t i = 0; i < numOperands; i++) {
            key.operands.push_back(root(instr->operand(i))->id());
        }
        if (isCommutative(op)) {
            std::sort(key.operands.begin(), key.operands.end());
        }
        return key;
    }

    // Returns true when the instruction is redundant.
    bool process(Block* block, Instr* instr, Versions& versions) {
        if (!instr->isPhi()) { // a phi's operands are uses at the ends of its predecessors
            refineOperands(block, instr);
        }
        if (isProved(instr)) {
            return true;
        }
        if (canShare(instr) && !instr->isTerminator()) {
            Key key = keyOf(instr->opcode(), instr, instr->numOperands(), versions);
            Instr* known = get(table_, key);
            if (known && reuse(instr, known)) {
                return true;
            }
            if (!known) {
                remember(key, instr);
            }
        } else {
            processStore(instr, versions);
        }
        if (instr->ownership() == Ownership::kAlias) {
            refine(instr);
        } else if (instr->opcode() == Opcode::kGuardTrue ||
                   instr->opcode() == Opcode::kGuardFalse) {
            decide(instr->operand(0), instr->opcode() == Opcode::kGuardTrue);
        }
        return false;
    }

    void refineOperands(Block* block, Instr* instr) {
        bool loud = instr->opcode() == Opcode::kDrop && instr->has(kRunPython);
        for (size_t i = 0; i < instr->numOperands(); i++) {
            instr->setOperand(i, best(instr->operand(i)));
        }
        quieted_ |= loud && !instr->has(kRunPython);
        if (instr->info().operands == "b") {
            auto it = truth_.find(instr->operand(0)->id());
            if (it != truth_.end() && it->second) {
                Instr* constant = fn_.newInstr(Opcode::kConstBool, {});
                constant->setImm(*it->second);
                block->append(constant);
                instr->setOperand(0, constant);
            }
        }
        if (instr->ownership() == Ownership::kAlias &&
            instr->type().exact == ExactClass::kUnknown) {
            instr->setType({instr->type().rep, instr->operand(0)->type().exact});
        }
    }

    // Guards whose outcome is known from types or from a branch.
    bool isProved(Instr* instr) {
        if (instr->numOperands() != 1) {
            return false;
        }
        Instr* value = instr->operand(0);
        switch (instr->opcode()) {
        case Opcode::kGuardType:
        case Opcode::kGuardNotNull:
        case Opcode::kRefine:
            if (!isSubtype(value->type(), instr->type())) {
                return false;
            }
            replaced_[static_cast<size_t>(instr->id())] = value;
            return true;
        case Opcode::kGuardTrue:
        case Opcode::kGuardFalse:
            return value->opcode() == Opcode::kConstBool &&
                   (value->imm() != 0) == (instr->opcode() == Opcode::kGuardTrue);
        default:
            return false;
        }
    }

    // Makes `known` stand for `instr`. Values that alias an object must keep what is known of its
    // type.
    bool reuse(Instr* instr, Instr* known) {
        known = resolve(known);
        if (instr->type() == kVoid) {
            return true;
        }
        Instr* substitute = instr->type().isCounted() ? best(known) : known;
        if (!isSubtype(substitute->type(), instr->type()) &&
            instr->ownership() == Ownership::kAlias) {
            substitute = instr->operand(0);
        }
        if (!isSubtype(substitute->type(), instr->type())) {
            return false;
        }
        replaced_[static_cast<size_t>(instr->id())] = substitute;
        return true;
    }

    void processStore(Instr* instr, Versions& versions) {
        std::optional<Opcode> load = loadOf(instr->opcode());
        size_t place = instr->numOperands() - (load ? 1 : 0);
        if (load) {
            // What is released is what was there.
            Instr* previous = get(table_, keyOf(*load, instr, place, versions));
            if (previous) {
                Type type = best(previous)->type();
                if (isSubtype(type, instr->type())) {
                    quieted_ |= type != instr->type();
                    instr->setType(type);
                }
            }
        }
        memory_.advance(instr, versions);
        if (load) {
            remember(keyOf(*load, instr, place, versions), instr->operand(place));
        }
    }

    Function& fn_;
    MemoryVersions memory_;
    std::vector<std::vector<Block*>> children_; // of the dominator tree, by block id
    std::vector<Instr*> replaced_;              // by id
    std::unordered_map<Key, Instr*, KeyHash> table_;
    std::unordered_map<int, Instr*> refined_; // by id of the root: the value after the last guard
    std::unordered_map<int, std::optional<bool>> truth_; // by id of a bool: what it is known to be
    std::vector<Undo> undo_;
    bool quieted_ = false;
};

} // namespace

void eliminateCommonSubexpressions(Function& fn) {
    // The second walk profits from releases that the first one proved to run no code.
    if (ValueNumbering(fn).run()) {
        ValueNumbering(fn).run();
    }
}

} // namespace pyston::passes
