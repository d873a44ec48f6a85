// Operators of instances whose classes have them in Python: calls of those methods.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;
using runtime::SiteProfile;

namespace {

// No instance of these is of a subclass of a class made in Python, which would be asked first, and
// they do not take part in the operators of sequences.
bool isPlainRight(ExactClass c) {
    return c == ExactClass::kInt || c == ExactClass::kFloat || c == ExactClass::kBool ||
           c == ExactClass::kNoneType;
}

} // namespace

// The result of BINARY_OP or COMPARE_OP, or null where no class was seen whose method it would ask
// first.
Value* GraphBuilder::operatorByShapes(const Instr& in, Value* left, Value* right) {
    const bool compares = in.op == Op::kCompareOp;
    const auto functionOf = compares ? facts().comparisonFunction : facts().operatorFunction;
    if (!request_.profile || !functionOf || !facts().notImplemented || !speculates(in) ||
        left->type().exact != ExactClass::kUnknown)
        return nullptr;
    isPolymorphic(in, left);
    const SiteProfile& site = request_.profile->sites[in.offset];
    const Seen* seen = seenOperands(in);
    if (site.width == SiteProfile::kNoShapes)
        return nullptr;
    const Shapes shapes =
        shapesCalling(site, [&](uint32_t version) { return functionOf(version, in.arg); });
    if (shapes.known.empty())
        return nullptr;
    if (right->type().exact == ExactClass::kUnknown && seen && isPlainRight((*seen)[0]))
        right = guardExact(right, (*seen)[0]);
    const bool isPlain = isPlainRight(right->type().exact);
    if (!isPlain && right->type().exact != ExactClass::kUnknown)
        return nullptr;
    const auto others = [&] {
        const Helper generic = compares ? Helper::kCompareOp : Helper::kBinaryOp;
        return Pair{helper(generic, {left, right}, in.arg), nullptr};
    };
    const auto ask = [&](const Shape& shape) {
        return Pair{askLeft(in, shape.access.object, left, right, isPlain), nullptr};
    };
    return dispatch(
        left, shapes,
        [&](const Shape& shape) {
            if (isPlain)
                return ask(shape);
            Value* isSame = emit(Opcode::kIntCompare,
                                 {emit(Opcode::kLoadTypeVersion, {right}), constInt(shape.version)},
                                 static_cast<int64_t>(Condition::kEqual));
            Join join{fn_.newBlock()};
            hir::Block* other = enterIf(isSame);
            endPath(join, ask(shape));
            block_ = other;
            block_->setCold(true);
            endPath(join, others());
            return goOnAt(join);
        },
        others)[0];
}

// Calls the left operand's method, and goes on as the interpreter does if it gives NotImplemented.
Value* GraphBuilder::askLeft(const Instr& in, Object* method, Value* left, Value* right,
                             bool isPlain) {
    const bool compares = in.op == Op::kCompareOp;
    const std::array args{left, right};
    Value* function = constObject(method);
    const DirectCall call = directCall(method, args.size(), nullptr);
    if (!call.callee)
        return helper(compares ? Helper::kCompareOp : Helper::kBinaryOp, args, in.arg);
    // (It is not inlined: an exit from there would take what it returns for the operator's result.)
    Value* guarded = guardCallee(call, function);
    if (compares) // which is a level of recursion of its own
        emit(Opcode::kGuardLevelLeft, {});
    Value* result = emitCallDirect(call.callee, guarded, parametersOf(call, guarded, args)).result;
    result->setImm2(compares ? 1 : 0);
    Value* declined = emit(Opcode::kObjectIs, {result, constObject(facts().notImplemented)});
    Join join{fn_.newBlock()};
    hir::Block* given = enterIf(declined);
    block_->setCold(true);
    const Helper goOn = compares ? Helper::kCompareDeclined : Helper::kBinaryOpDeclined;
    const int64_t mode = in.arg | (isPlain || compares ? 0 : runtime::kSameClass);
    endPath(join, {helper(goOn, args, mode)});
    block_ = given;
    // The operands live until the operator is over, whatever the method did to its parameters.
    push(result);
    FrameState* after = stateAfter();
    drop(left, after);
    drop(right, after);
    endPath(join, {pop()});
    return goOnAt(join)[0];
}

} // namespace pyston::build
