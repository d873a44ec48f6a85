// The interpreter says nothing of what many operators and subscripts work on. Compiled code finds
// out itself: a probe looks at the operands once, after some executions, and the code is compiled
// anew with what the probes found.
#include "build/graph_builder.h"

#include <algorithm>

namespace pyston::build {

using namespace hir;

namespace {

bool isNumberClass(ExactClass c) {
    return c == ExactClass::kInt || c == ExactClass::kFloat;
}

bool mayBeNumber(const Value* value) {
    return value->type().exact == ExactClass::kUnknown || isNumberClass(value->type().exact);
}

size_t numOperands(Op op) {
    switch (op) {
    case Op::kStoreSubscr:
        return 3;
    case Op::kBinaryOp:
    case Op::kBinarySubscr:
    case Op::kCompareOp:
        return 2;
    default:
        return 1;
    }
}

runtime::SiteProfile::Probe probeKind(Op op) {
    switch (op) {
    case Op::kBinarySubscr:
    case Op::kStoreSubscr:
        return runtime::SiteProfile::Probe::kSubscript;
    case Op::kBinaryOp:
    case Op::kCompareOp:
    case Op::kUnaryNegative:
    case Op::kUnaryPositive:
    case Op::kUnaryInvert:
        return runtime::SiteProfile::Probe::kNumbers;
    case Op::kForIter:
        return runtime::SiteProfile::Probe::kIterator;
    default:
        return runtime::SiteProfile::Probe::kTruth;
    }
}

} // namespace

// What is known of a value, or what the local that holds it was when a frame was looked at.
ExactClass GraphBuilder::likelyClass(const Value* value) const {
    if (!value || value->type().exact != ExactClass::kUnknown)
        return value ? value->type().exact : ExactClass::kUnknown;
    const std::vector<runtime::SeenLocal>& seen = request_.profile->seenLocals;
    for (size_t i = 0; i < seen.size() && i < env_.slots.size(); ++i) {
        if (env_.slots[i] == value && !seen[i].varies)
            return seen[i].exact;
    }
    return ExactClass::kUnknown;
}

// Whether the local that holds it was of several classes when frames were looked at.
bool GraphBuilder::localVaries(const Value* value) const {
    if (!request_.profile)
        return false;
    const std::vector<runtime::SeenLocal>& seen = request_.profile->seenLocals;
    for (size_t i = 0; i < seen.size() && i < env_.slots.size(); ++i) {
        if (env_.slots[i] == value && seen[i].varies)
            return true;
    }
    return false;
}

// What a probe saw here; null if none did.
const GraphBuilder::Seen* GraphBuilder::probedOperands(const Instr& in) const {
    const auto site = request_.profile->sites.find(in.offset);
    const bool probed = site != request_.profile->sites.end() && site->second.probed;
    return probed ? &site->second.operands : nullptr;
}

// The counter of a probe that is to look at the operands here.
int64_t GraphBuilder::newProbe(const Instr& in) {
    runtime::SiteProfile& asked = request_.probes->sites[in.offset];
    asked.probe = probeKind(in.op);
    asked.probeCountdown = request_.probeAfter;
    return reinterpret_cast<intptr_t>(&asked.probeCountdown);
}

// The classes of the operands as a probe saw them here, or as they are likely to be. Where that is
// not known null is returned, and if probes are wanted one is set.
const GraphBuilder::Seen* GraphBuilder::seenOperands(const Instr& in) {
    const Feedback::Kind kind = in.feedback.kind;
    if (!request_.profile || !speculates(in) ||
        (kind != Feedback::Kind::kGeneric && kind != Feedback::Kind::kNone))
        return nullptr;
    if (const Seen* probed = probedOperands(in))
        return probed;
    const size_t depth = stackBefore_.size();
    const size_t needed = numOperands(in.op);
    seen_ = {};
    bool complete = true;
    for (size_t i = 0; i < needed && i < depth; ++i) {
        seen_[i] = likelyClass(stackBefore_[depth - 1 - i]);
        complete &= seen_[i] != ExactClass::kUnknown;
    }
    if (complete)
        return &seen_;
    if (request_.probes)
        emit(Opcode::kProbe, {}, newProbe(in));
    return nullptr;
}

// Whether iterators of other classes than those with paths of their own are usual here: see
// splitIteration().
void GraphBuilder::askForIterator(const Instr& in, Value* next) {
    if (!request_.profile || !speculates(in))
        return;
    if (const Seen* probed = probedOperands(in))
        next->setImm2((*probed)[0] == ExactClass::kUnknown ? 1 : 0);
    else if (request_.probes)
        next->setImm(newProbe(in));
}

// Guards the operands of an operator as the numbers that were seen. False where no numbers were.
bool GraphBuilder::guardNumbersSeen(const Instr& in, Value*& left, Value*& right) {
    if (!mayBeNumber(left) || !mayBeNumber(right))
        return false;
    const Seen* seen = seenOperands(in);
    if (!seen || !isNumberClass((*seen)[0]) || !isNumberClass((*seen)[1]))
        return false;
    const auto fits = [](const Value* value, ExactClass c) {
        return value->type().exact == ExactClass::kUnknown || value->type().exact == c;
    };
    if (!fits(left, (*seen)[1]) || !fits(right, (*seen)[0]))
        return false;
    left = guardExact(left, (*seen)[1]);
    right = guardExact(current(right), (*seen)[0]);
    return true;
}

// The value on top of the stack, guarded as the class that was seen if that is a useful one.
Value* GraphBuilder::guardSeen(const Instr& in, Value* value,
                               std::initializer_list<ExactClass> useful) {
    if (value->type().exact != ExactClass::kUnknown)
        return value;
    const Seen* seen = seenOperands(in);
    if (!seen || std::ranges::find(useful, (*seen)[0]) == useful.end())
        return value;
    return guardExact(value, (*seen)[0]);
}

} // namespace pyston::build
