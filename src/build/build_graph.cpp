// Bytecode to HIR: blocks in reverse postorder, each by abstract interpretation of the value stack.
//
// SSA form comes directly out of it, in the manner of Braun et al., "Simple and Efficient
// Construction of Static Single Assignment Form" (2013): a block whose predecessors are all built
// merges their environments; a loop header gets phis for what its loop may change, completed when
// the back edges are built. Phis that turn out trivial go at the end.
//
// Critical edges do not occur in the result.
#include "build/build_graph.h"

#include "build/graph_builder.h"

#include <algorithm>

namespace pyston::build {

using namespace hir;

namespace {
constexpr int kCellKinds = 0x40 | 0x80; // cell, free
// Frame states name every local, so their size is what grows fastest with the code's.
constexpr size_t kMaxStateEntries = size_t{1} << 24;
} // namespace

GraphBuilder::GraphBuilder(const BuildRequest& request, const Flow& flow, Function& fn,
                           HeaderTypes assumed, bool assumesMore)
    : request_(request), code_(*request.bytecode), flow_(flow), assumed_(std::move(assumed)),
      assumesMore_(assumesMore), fn_(fn), genericSites_(fn.genericSites) {
    data_.resize(flow.blocks.size());
}

std::string GraphBuilder::run() {
    if (request_.functionEntry)
        data(0).hasEntry = true, data(0).numPreds++;
    // What the interpreter never gets to needs no entry.
    std::vector<std::pair<int, int>> entries; // block, offset
    for (int offset : request_.entryOffsets) {
        int b = flow_.blockOf[static_cast<size_t>(code_.indexOf(offset))];
        if (!bytecodeBlock(b).reached)
            continue;
        entries.emplace_back(b, offset);
        data(b).hasEntry = true;
        data(b).numPreds++;
    }
    orderBlocks();
    if (order_.empty())
        return "no entries";
    findLoops();
    if (request_.functionEntry)
        buildEntry(0, 0, true);
    for (auto [b, offset] : entries)
        buildEntry(b, offset, false);
    for (int b : order_) {
        if (failure_.empty() && !data(b).incoming.empty())
            buildBlock(b);
    }
    // The way into the loop from the start turned out to raise, and only a resume point within it
    // leads to its header.
    for (int b : order_)
        if (failure_.empty() && !data(b).incoming.empty())
            fail("a loop is entered by its back edge only");
    if (!failure_.empty())
        return failure_;
    fn_.orderBlocks();
    finishPhis();
    return {};
}

// --- order and loops

// Paths that never ran are not compiled.
bool GraphBuilder::isLeftCold(const Instr& in) const {
    return request_.leavesCold && in.feedback.kind == Feedback::Kind::kNeverRan && speculates(in);
}

bool GraphBuilder::endsCold(const BytecodeBlock& block) const {
    if (!request_.leavesCold)
        return false;
    for (int i = block.first; i <= block.last; ++i)
        if (isLeftCold(code_.instrs[static_cast<size_t>(i)]))
            return true;
    return false;
}

void GraphBuilder::orderBlocks() {
    struct Step {
        int block;
        int next; // successors still to visit
    };
    std::vector<uint8_t> seen(data_.size(), 0);
    std::vector<Step> stack;
    for (size_t root = 0; root < data_.size(); ++root) {
        if (!data_[root].hasEntry || seen[root])
            continue;
        seen[root] = 1;
        stack.push_back({static_cast<int>(root), 3});
        while (!stack.empty()) {
            Step& top = stack.back();
            const int from = top.block;
            if (top.next == 0) {
                order_.push_back(from);
                stack.pop_back();
                continue;
            }
            // Targets first, so that in the reversed order what falls through follows directly.
            const BytecodeBlock& blk = bytecodeBlock(from);
            const int succs[] = {blk.fallthrough, blk.target, blk.ended};
            const int succ = succs[--top.next];
            if (endsCold(blk))
                continue;
            if (succ < 0)
                continue;
            data(succ).preds.push_back(from);
            data(succ).numPreds++;
            if (!seen[static_cast<size_t>(succ)]) {
                seen[static_cast<size_t>(succ)] = 1;
                stack.push_back({succ, 3});
            }
        }
    }
    std::reverse(order_.begin(), order_.end());
    for (size_t i = 0; i < order_.size(); ++i)
        data(order_[i]).order = static_cast<int>(i);
}

void GraphBuilder::findLoops() {
    for (int b : order_) {
        for (int pred : data(b).preds)
            data(b).isHeader |= data(pred).order >= data(b).order;
        if (data(b).isHeader)
            walkLoop(b);
    }
}

// Collects what the blocks that lead back to the header change. Where the walk meets another way
// into the loop (a resume point within), everything may differ.
void GraphBuilder::walkLoop(int header) {
    BlockData& head = data(header);
    head.changed = BitSet(code_.numSlots);
    head.changedFrom = bytecodeBlock(header).depth();
    std::vector<uint8_t> seen(data_.size(), 0);
    std::vector<int> work{header};
    seen[static_cast<size_t>(header)] = 1;
    while (!work.empty()) {
        int b = work.back();
        work.pop_back();
        const BytecodeBlock& blk = bytecodeBlock(b);
        for (int slot : blk.assigns)
            head.changed.add(slot);
        head.changedFrom = std::min(head.changedFrom, blk.minDepth);
        if (b != header && data(b).hasEntry) {
            head.changed.fill();
            head.changedFrom = 0;
        }
        for (int pred : data(b).preds) {
            bool inLoop = b != header || data(pred).order >= head.order;
            if (inLoop && !seen[static_cast<size_t>(pred)]) {
                seen[static_cast<size_t>(pred)] = 1;
                work.push_back(pred);
            }
        }
    }
}

Block* GraphBuilder::hirBlock(int blockIndex) {
    BlockData& d = data(blockIndex);
    if (!d.hir)
        d.hir = fn_.newBlock();
    return d.hir;
}

// --- entries

void GraphBuilder::loadEntryState(const BytecodeBlock& at, bool functionStart, Environment& env,
                                  FrameState& raw) {
    bool cellsMade = !functionStart;
    for (size_t i = static_cast<size_t>(at.first); i < code_.instrs.size(); ++i)
        cellsMade &= code_.instrs[i].op != Op::kMakeCell && code_.instrs[i].op != Op::kCopyFreeVars;
    for (int s = 0; s < code_.numSlots; ++s) {
        const auto slot = static_cast<size_t>(s);
        const bool cellKind = slot < code_.slotKinds.size() && (code_.slotKinds[slot] & kCellKinds);
        Value* value = nullptr;
        if (functionStart && flow_.isParameter[slot])
            value = emit(Opcode::kLoadFrameSlot, kObject, {}, s);
        else if (cellsMade && cellKind && at.bound.contains(s))
            value = emit(Opcode::kLoadFrameSlot, exactObject(ExactClass::kCell), {}, s);
        else if (!functionStart || (code_.kwOnlyCount < 0 && !cellKind))
            value = emit(Opcode::kLoadFrameSlot, kNullable, {}, s);
        env.slots.push_back(value);
    }
    for (int i = 0; i < at.depth(); ++i) {
        bool mayBeNull = at.mayBeNull[static_cast<size_t>(i)];
        env.stack.push_back(
            emit(Opcode::kLoadFrameSlot, mayBeNull ? kNullable : kObject, {}, code_.numSlots + i));
    }
    raw.slots = env.slots;
    raw.stack = env.stack;
}

void GraphBuilder::buildEntry(int blockIndex, int offset, bool functionStart) {
    const BytecodeBlock& at = bytecodeBlock(blockIndex);
    const Instr& first = code_.instrs[static_cast<size_t>(at.first)];
    block_ = fn_.newBlock(offset);
    Environment env;
    FrameState raw;
    loadEntryState(at, functionStart, env, raw);
    raw.resumeOffset = first.resumeOffset;
    raw.instrOffset = first.offset;
    FrameState* state = fn_.newFrameState(raw);
    block_->setStartState(state);
    for (int s = 0; s < code_.numSlots; ++s) {
        Value*& value = env.slots[static_cast<size_t>(s)];
        if (value && value->type().rep == Rep::kNullable && at.bound.contains(s))
            value = emit(Opcode::kGuardNotNull, kObject, {value}, 0, state);
    }
    env_ = std::move(env);
    jumpTo(blockIndex);
}

// --- blocks

void GraphBuilder::addEdge(int blockIndex, Block* from, const Environment& env) {
    BlockData& d = data(blockIndex);
    if (static_cast<int>(env.stack.size()) != bytecodeBlock(blockIndex).depth())
        return fail("inconsistent stack depth");
    hirBlock(blockIndex)->preds().push_back(from);
    if (!d.built) {
        d.incoming.emplace_back(from, env);
        return;
    }
    if (!d.isHeader)
        return fail("edge to a finished block");
    for (const BlockData::HeaderPhi& p : d.phis) {
        Value* value = p.onStack ? env.stack[p.index] : env.slots[p.index];
        if (!value)
            value = nullIn(from);
        value = guardEntryLoad(value, p.phi->type().exact);
        if (value->type().rep == Rep::kNullable && p.phi->type().rep == Rep::kObject)
            return fail("NULL flows into a bound variable");
        p.phi->appendOperand(value);
    }
}

void GraphBuilder::beginHeader(int blockIndex,
                               std::vector<std::pair<Block*, Environment>>& incoming) {
    BlockData& d = data(blockIndex);
    const BytecodeBlock& blk = bytecodeBlock(blockIndex);
    std::vector<Block*> preds;
    for (auto& [from, env] : incoming)
        preds.push_back(from);
    std::vector<Value*> values(incoming.size());
    size_t numPhis = 0;
    auto join = [&](bool onStack, size_t index, bool changes, bool neverNull) -> Value* {
        for (size_t i = 0; i < incoming.size(); ++i) {
            const Environment& env = incoming[i].second;
            values[i] = onStack ? env.stack[index] : env.slots[index];
        }
        auto guardEntries = [&](ExactClass c) {
            if (c != ExactClass::kUnknown)
                for (Value*& value : values)
                    value = guardEntryLoad(value, c);
        };
        ExactClass expected = commonClass(values);
        if (expected == ExactClass::kUnknown)
            expected = seenClass(values, index + (onStack ? env_.slots.size() : 0));
        auto assumed = assumed_.find({blockIndex, onStack, index});
        if (!changes) {
            // Differs between the ways into the loop only: comes back unchanged on the back edges,
            // though perhaps with its class known.
            guardEntries(assumed != assumed_.end() ? assumed->second : expected);
            if (onStack && index + 1 == env_.stack.size())
                expectIterator(blockIndex, incoming, values);
            Value* value = merge(d.hir, values, preds);
            if (value && value->isPhi() && value->block() == d.hir)
                d.phis.push_back({value, onStack, index});
            return value;
        }
        Type type = neverNull ? kObject : kNullable;
        for (size_t i = 0; i < values.size(); ++i) {
            if (!values[i])
                values[i] = nullIn(preds[i]);
            type = values[i]->type().rep == Rep::kNullable ? kNullable : type;
        }
        if (assumesMore_ && assumed == assumed_.end() && expected != ExactClass::kUnknown)
            assumed = assumed_.try_emplace({blockIndex, onStack, index}, expected).first;
        if (assumed != assumed_.end()) {
            type.exact = assumed->second;
            guardEntries(type.exact);
        }
        Value* phi = fn_.newInstr(Opcode::kPhi, type, values);
        d.hir->insert(numPhis++, phi);
        phis_.push_back(phi);
        d.phis.push_back({phi, onStack, index});
        return phi;
    };
    env_.slots.assign(static_cast<size_t>(code_.numSlots), nullptr);
    env_.stack.assign(blk.mayBeNull.size(), nullptr);
    // Changed ones first, so that merge() finds its place behind them.
    for (bool changes : {true, false}) {
        for (int s = 0; s < code_.numSlots; ++s)
            if (d.changed.contains(s) == changes)
                env_.slots[static_cast<size_t>(s)] =
                    join(false, static_cast<size_t>(s), changes, blk.bound.contains(s));
        for (int i = 0; i < blk.depth(); ++i)
            if ((i >= d.changedFrom) == changes)
                env_.stack[static_cast<size_t>(i)] = join(true, static_cast<size_t>(i), changes,
                                                          !blk.mayBeNull[static_cast<size_t>(i)]);
    }
}

// Whether the value is what an entry in the midst of the code takes from the frame: nothing is
// known of its class there.
bool GraphBuilder::isEntryLoad(const Value* value) const {
    const Block* block = value ? value->block() : nullptr;
    while (value && value->opcode() == Opcode::kGuardNotNull)
        value = value->operand(0);
    return value && value->opcode() == Opcode::kLoadFrameSlot && value->block() == block &&
           value->block()->entryOffset() > 0 && value->type().exact == ExactClass::kUnknown &&
           speculatesAt(value->block()->startState()->instrOffset);
}

// The class that all values have of which something can be known.
ExactClass GraphBuilder::commonClass(std::span<Value* const> values) const {
    ExactClass common = ExactClass::kUnknown;
    for (const Value* value : values) {
        if (!value || value->opcode() == Opcode::kConstNull || isEntryLoad(value))
            continue;
        const ExactClass c = value->type().exact;
        if (c == ExactClass::kUnknown || (common != ExactClass::kUnknown && common != c))
            return ExactClass::kUnknown;
        common = c;
    }
    return common;
}

// The class of what was in a slot of the frame (localsplus, then stack) for which the code is
// compiled, if the values are nothing but what its entry loads.
ExactClass GraphBuilder::seenClass(std::span<Value* const> values, size_t slot) const {
    const runtime::CodeData* data = request_.profile;
    if (!data || slot >= data->seenClasses.size() ||
        (slot < data->seenLocals.size() && data->seenLocals[slot].varies))
        return ExactClass::kUnknown;
    bool seen = false;
    for (const Value* value : values) {
        if (!value || value->opcode() == Opcode::kConstNull)
            continue;
        if (!isEntryLoad(value))
            return ExactClass::kUnknown;
        while (value->opcode() != Opcode::kLoadFrameSlot)
            value = value->operand(0);
        seen |= value->block()->entryOffset() == data->seenOffset;
    }
    return seen ? data->seenClasses[slot] : ExactClass::kUnknown;
}

// An entry checks once what the code itself would have in a variable: the iterator of a loop over a
// range, a number that a loop counts up. Leaves the value as it is where that cannot be done.
Value* GraphBuilder::guardEntryLoad(Value* value, ExactClass c) {
    if (c == ExactClass::kUnknown || !isEntryLoad(value) ||
        value->type().exact != ExactClass::kUnknown)
        return value;
    Block* entry = value->block();
    auto add = [&](Opcode op, Type type, std::initializer_list<Value*> operands) {
        Value* made = fn_.newInstr(op, type, operands);
        if (op == Opcode::kGuardType) {
            made->setImm(static_cast<int64_t>(c));
            made->setFrameState(entry->startState());
        }
        entry->insertBefore(entry->terminator(), made);
        return made;
    };
    if (value->type().rep == Rep::kObject)
        return add(Opcode::kGuardType, exactObject(c), {value});
    Object* zero = facts().zeroOf ? facts().zeroOf(c) : nullptr;
    if (!zero)
        return value;
    Value* constant = add(Opcode::kConstObject, exactObject(c), {});
    constant->setImm(static_cast<int64_t>(reinterpret_cast<intptr_t>(zero)));
    Value* object = add(Opcode::kReplaceNull, kObject, {value, constant});
    add(Opcode::kGuardType, exactObject(c), {object});
    return add(Opcode::kRefine, {Rep::kNullable, c}, {value});
}

// Where the loop's iterator is of unknown class, it is taken to be of that which was seen there.
void GraphBuilder::expectIterator(int blockIndex,
                                  const std::vector<std::pair<Block*, Environment>>& incoming,
                                  std::vector<Value*>& values) {
    const Instr& first = code_.instrs[static_cast<size_t>(bytecodeBlock(blockIndex).first)];
    if (first.op != Op::kForIter || !request_.profile || !speculates(first))
        return;
    auto site = request_.profile->sites.find(first.resumeOffset);
    const ExactClass expected =
        site == request_.profile->sites.end() ? ExactClass::kUnknown : site->second.iterator;
    if (expected == ExactClass::kUnknown)
        return;
    for (size_t i = 0; i < values.size(); ++i) {
        auto& [pred, env] = incoming[i];
        if (!values[i] || values[i]->type() != kObject)
            continue;
        Value* guard =
            fn_.newInstr(Opcode::kGuardType, exactObject(expected), std::span(&values[i], 1));
        guard->setImm(static_cast<int64_t>(expected));
        guard->setFrameState(makeState(env, first.resumeOffset, first.offset));
        pred->insertBefore(pred->terminator(), guard);
        values[i] = guard;
    }
}

void GraphBuilder::beginBlock(int blockIndex) {
    BlockData& d = data(blockIndex);
    std::vector<std::pair<Block*, Environment>> incoming = std::move(d.incoming);
    d.incoming.clear();
    if (d.isHeader) {
        beginHeader(blockIndex, incoming);
    } else if (incoming.size() == 1) {
        env_ = std::move(incoming[0].second);
    } else {
        std::vector<Block*> preds;
        for (auto& [from, env] : incoming)
            preds.push_back(from);
        std::vector<Value*> values(incoming.size());
        auto mergeAll = [&](std::vector<Value*> Environment::*part) {
            std::vector<Value*>& result = env_.*part;
            result.assign((incoming[0].second.*part).size(), nullptr);
            for (size_t n = 0; n < result.size(); ++n) {
                for (size_t i = 0; i < incoming.size(); ++i)
                    values[i] = (incoming[i].second.*part)[n];
                const ExactClass common = commonClass(values);
                for (Value*& value : values)
                    value = guardEntryLoad(value, common);
                result[n] = merge(d.hir, values, preds);
            }
        };
        mergeAll(&Environment::slots);
        mergeAll(&Environment::stack);
    }
    d.built = true;
    const Instr& first = code_.instrs[static_cast<size_t>(bytecodeBlock(blockIndex).first)];
    d.hir->setStartState(makeState(env_, first.resumeOffset, first.offset));
}

void GraphBuilder::buildBlock(int blockIndex) {
    currentBlock_ = blockIndex;
    beginBlock(blockIndex);
    block_ = data(blockIndex).hir;
    const BytecodeBlock& blk = bytecodeBlock(blockIndex);
    for (int i = blk.first; i <= blk.last && block_ && failure_.empty(); ++i)
        i += buildInstr(code_.instrs[static_cast<size_t>(i)]) - 1;
    if (!block_ || !failure_.empty())
        return;
    if (blk.fallthrough >= 0)
        jumpTo(blk.fallthrough);
    else
        fail("control runs off the end");
}

// Returns how many instructions were built.
int GraphBuilder::buildInstr(const Instr& in) {
    instr_ = &in;
    state_ = nullptr;
    refinements_.clear();
    stackBefore_ = env_.stack;
    const size_t numInlined = fn_.inlined.size();
    if (isLeftCold(in)) {
        deopt();
        return 1;
    }
    const Block* const begun = block_;
    const size_t numBefore = block_->instrs().size();
    bool known = buildStackOp(in) || buildOperator(in) || buildAttribute(in) ||
                 buildSubscript(in) || buildName(in) || buildCall(in) || buildControl(in) ||
                 buildContainer(in) || buildException(in) || buildGenerator(in) || buildMatch(in);
    if (!known)
        deopt();
    if (block_ && fn_.inlined.size() == numInlined) // else the callee's locals were dropped
        dropConsumed(in);
    checkReleased(in, begun, numBefore);
    return static_cast<int>(instr_ - &in) + 1;
}

namespace {

std::unique_ptr<Function> newFunction(const BuildRequest& request) {
    const Bytecode& code = *request.bytecode;
    auto fn = std::make_unique<Function>();
    fn->name = code.name;
    fn->numSlots = code.numSlots;
    fn->numLocals = code.numLocals;
    fn->stackSize = code.stackSize;
    fn->code = code.code;
    if (request.profile)
        for (const auto& [offset, site] : request.profile->sites)
            if (site.generic)
                fn->genericSites.insert(offset);
    return fn;
}

} // namespace

std::unique_ptr<Function> buildGraph(const BuildRequest& request, std::string* failure) {
    const Bytecode& code = *request.bytecode;
    if (code.instrs.size() * static_cast<size_t>(code.numSlots + code.stackSize) >
        kMaxStateEntries) {
        *failure = "too many instructions with too many locals";
        return nullptr;
    }
    std::unique_ptr<Flow> flow = analyzeFlow(code, request.entryOffsets, failure);
    if (!flow)
        return nullptr;
    // What a loop does to its variables is known behind the loop only, and some bytecodes have no
    // other feedback than the classes of their operands. So first they are taken to keep their
    // classes; then, if the graph shows otherwise or more, the code is built anew with what it
    // showed; and if even that contradicts itself, without assuming anything.
    std::unique_ptr<Function> fn = newFunction(request);
    GraphBuilder first(request, *flow, *fn, {}, true);
    *failure = first.run();
    if (!failure->empty())
        return nullptr;
    const bool holds = first.assumptionsHold();
    const HeaderTypes found = first.headerTypes();
    if (holds && found == first.assumed())
        return fn;
    std::unique_ptr<Function> again = newFunction(request);
    GraphBuilder second(request, *flow, *again, found, false);
    if (second.run().empty() && second.assumptionsHold())
        return again;
    if (holds)
        return fn;
    fn = newFunction(request);
    *failure = GraphBuilder(request, *flow, *fn, {}, false).run();
    return failure->empty() ? std::move(fn) : nullptr;
}

} // namespace pyston::build
