// Small functions built into the graph of their callers, without a frame of their own.
//
// Only code that nothing looks at while it runs: attribute loads and stores, arithmetic,
// comparisons, calls of the like. What may be seen at times (an exit, a finalizer) has frame states
// with the caller's as their parents; the frames are made when it happens. A function that does
// more is called.
#include "build/graph_builder.h"

#include <algorithm>

namespace pyston::build {

using namespace hir;

namespace {

constexpr size_t kMaxInlined = 60; // bytecode instructions
constexpr int kMaxDepth = 4;

constexpr int kGeneratorFlags = 0x20 | 0x80 | 0x200;

bool isInlinable(const Bytecode& code) {
    if (code.instrs.size() > kMaxInlined || code.numSlots != code.numLocals ||
        (code.flags & kGeneratorFlags) != 0 || !code.handlers.empty())
        return false;
    return std::ranges::none_of(
        code.instrs, [](const Instr& in) { return mayJump(in.op) && in.target < in.offset; });
}

// Whether something in the block may let go of objects.
bool mayRelease(const hir::Block* block) {
    return std::ranges::any_of(block->instrs(), [](const hir::Instr* instr) {
        return instr->has(kRunPython) || instr->has(kWriteHeap);
    });
}

} // namespace

GraphBuilder::GraphBuilder(const BuildRequest& request, const Flow& flow, Function& fn,
                           const Inlining& inlining)
    : GraphBuilder(request, flow, fn, {}, false) {
    inlining_ = &inlining;
    genericSites_.clear();
    for (const auto& [offset, site] : request.profile->sites)
        if (site.generic)
            genericSites_.insert(offset);
}

bool GraphBuilder::isBeingBuilt(const runtime::CodeData* data) const {
    for (const Inlining* at = inlining_; at; at = at->outer)
        if (at->function->data == data)
            return true;
    return data->code == fn_.code;
}

// The call's result, or null, and nothing has been done, when it has to be a call.
GraphBuilder::Called GraphBuilder::tryInline(Value* guarded, runtime::CodeData* callee,
                                             std::span<Value* const> args) {
    Object* function = constantOf(rootValue(guarded));
    if (!facts().decode || !facts().isWarm || !facts().isWarm(callee) || isBeingBuilt(callee) ||
        callee->isGenerator || callee->suppressed)
        return {};
    const int depth = inlining_ ? inlining_->depth + 1 : 1;
    int* budget = inlining_ ? inlining_->budget : &inlineBudget_;
    const Bytecode code = facts().decode(callee->code);
    const auto size = static_cast<int>(code.instrs.size());
    if (depth > kMaxDepth || !isInlinable(code) || size > *budget)
        return {};
    std::string failure;
    const std::unique_ptr<Flow> flow = analyzeFlow(code, {}, &failure);
    if (!flow)
        return {};
    BuildRequest request = request_;
    request.bytecode = &code;
    request.profile = callee;
    request.probes = nullptr;
    request.facts.globals = facts().functionGlobals(function);
    request.facts.builtins = facts().functionBuiltins(function);

    const size_t numInlined = fn_.inlined.size();
    const InlinedFunction& inlined =
        fn_.inlined.emplace_back(InlinedFunction{function, callee, code.numSlots});
    const Inlining inlining{makeState(env_, instr_->nextOffset, instr_->offset),
                            &inlined,
                            guarded,
                            inlining_,
                            depth,
                            budget};
    *budget -= size;
    const int firstInner = fn_.numBlockIds();
    GraphBuilder inner(request, *flow, fn_, inlining);
    hir::Block* start = fn_.newBlock();
    if (!inner.buildInlined(start, args)) {
        *budget += size;
        fn_.inlined.resize(numInlined);
        return {};
    }
    emit(Opcode::kGuardRecursion, {}, depth);
    start->preds().push_back(block_);
    block_->append(fn_.newJump(start));
    Join join{fn_.newBlock()};
    for (auto [block, value] : inner.returns_) {
        block_ = block;
        endPath(join, {value});
    }
    phis_.insert(phis_.end(), inner.phis_.begin(), inner.phis_.end());
    Value* result = goOnAt(join)[0];
    // Who looks at the frame, or takes it over, needs its function. Who runs may begin to trace.
    const bool mayRun = std::ranges::any_of(fn_.blocks(), [&](const hir::Block* block) {
        return block->id() >= firstInner && mayRelease(block);
    });
    if (mayRun)
        emit(Opcode::kKeepAlive, {guarded});
    return {result, mayRun ? After::kTracing : After::kNothing};
}

bool GraphBuilder::buildInlined(hir::Block* start, std::span<Value* const> args) {
    data(0).hasEntry = true;
    data(0).numPreds++;
    orderBlocks();
    findLoops();
    if (std::ranges::any_of(data_, [](const BlockData& d) { return d.isHeader; }))
        return false;
    block_ = start;
    env_.slots.assign(static_cast<size_t>(code_.numSlots), nullptr);
    std::ranges::copy(args, env_.slots.begin());
    jumpTo(0);
    for (int b : order_) {
        if (!failure_.empty() || observes_)
            return false;
        if (!data(b).incoming.empty())
            buildBlock(b);
    }
    return failure_.empty() && !observes_ && !returns_.empty();
}

// The locals go when the frame has gone: what sees that is the caller, still at its call. Nothing
// happens to those that a caller's local holds too.
void GraphBuilder::returnInlined(Value* value) {
    auto isHeld = [&](const Value* local) {
        auto is = [&](const Value* held) { return held && rootValue(held) == rootValue(local); };
        for (const FrameState* at = inlining_->caller; at; at = at->parent)
            if (std::ranges::any_of(at->slots, is))
                return true;
        return false;
    };
    for (Value* local : env_.slots)
        if (local && !isHeld(local))
            drop(local, inlining_->caller);
    // The result is on the stack until then, whether or not the caller takes it from there.
    if (needsDrop(value) && !isHeld(value))
        emit(Opcode::kKeepAlive, {value});
    returns_.emplace_back(block_, value);
    block_ = nullptr;
}

} // namespace pyston::build
