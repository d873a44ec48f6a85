// Stack effects of all bytecodes, for every outcome that compiled code can follow.
#include "build/flow.h"

#include <bit>

namespace pyston::build {
namespace {

StackEffect simple(int pops, int pushes) {
    return {pops, pops, pushes};
}
// Leaves `arg` positions below the operands in place, but looks at the lowest of them.
StackEffect intoContainer(int pops, int arg) {
    return {pops + arg, pops, 0};
}

StackEffect ofUnpackEx(int arg) {
    return simple(1, (arg & 0xff) + 1 + (arg >> 8));
}

StackEffect ofData(const Instr& in) {
    const int arg = in.arg;
    switch (in.op) {
    case Op::kPopTop:
    case Op::kStoreFast:
    case Op::kStoreDeref:
    case Op::kStoreName:
    case Op::kStoreGlobal:
    case Op::kDeleteAttr:
    case Op::kImportStar:
    case Op::kPopExcept:
    case Op::kPrintExpr:
        return simple(1, 0);
    case Op::kPushNull:
    case Op::kLoadConst:
    case Op::kLoadFast:
    case Op::kLoadClosure:
    case Op::kLoadDeref:
    case Op::kLoadClassDeref:
    case Op::kLoadName:
    case Op::kLoadGlobal:
    case Op::kLoadAssertionError:
    case Op::kLoadBuildClass:
        return simple(0, 1);
    case Op::kLoadGlobalNull:
        return simple(0, 2);
    case Op::kCopy:
        return {arg, 0, 1};
    case Op::kSwap:
        return {arg, arg, arg};
    case Op::kLoadAttr:
    case Op::kUnaryPositive:
    case Op::kUnaryNegative:
    case Op::kUnaryNot:
    case Op::kUnaryInvert:
    case Op::kGetIter:
    case Op::kListToTuple:
    case Op::kAsyncGenWrap:
    case Op::kGetAwaitable:
    case Op::kGetAIter:
    case Op::kGetYieldFromIter:
        return simple(1, 1);
    case Op::kLoadMethod:
    case Op::kBeforeWith:
    case Op::kBeforeAsyncWith:
    case Op::kPushExcInfo:
        return simple(1, 2);
    case Op::kBinaryOp:
    case Op::kCompareOp:
    case Op::kIsOp:
    case Op::kContainsOp:
    case Op::kBinarySubscr:
    case Op::kImportName:
    case Op::kPrepReraiseStar:
        return simple(2, 1);
    case Op::kCheckEgMatch:
        return simple(2, 2);
    case Op::kCheckExcMatch:
        return {2, 1, 1};
    case Op::kStoreAttr:
    case Op::kDeleteSubscr:
    case Op::kEndAsyncFor:
        return simple(2, 0);
    case Op::kStoreSubscr:
        return simple(3, 0);
    case Op::kMatchClass:
        return simple(3, 1);
    case Op::kImportFrom:
    case Op::kMatchMapping:
    case Op::kMatchSequence:
    case Op::kGetLen:
    case Op::kGetANext:
        return {1, 0, 1};
    case Op::kMatchKeys:
        return {2, 0, 1};
    case Op::kWithExceptStart:
        return {4, 0, 1};
    default:
        return {0, 0, 0};
    }
}

StackEffect ofBuilding(const Instr& in) {
    const int arg = in.arg;
    switch (in.op) {
    case Op::kBuildTuple:
    case Op::kBuildList:
    case Op::kBuildSet:
    case Op::kBuildString:
    case Op::kBuildSlice:
        return simple(arg, 1);
    case Op::kBuildMap:
        return simple(2 * arg, 1);
    case Op::kBuildConstKeyMap:
        return simple(arg + 1, 1);
    case Op::kFormatValue:
        return simple((arg & 4) ? 2 : 1, 1);
    case Op::kListAppend:
    case Op::kListExtend:
    case Op::kSetAdd:
    case Op::kSetUpdate:
    case Op::kDictUpdate:
        return intoContainer(1, arg);
    case Op::kDictMerge: // also looks at the callable below the dict
        return intoContainer(1, arg + 2);
    case Op::kMapAdd:
        return intoContainer(2, arg);
    case Op::kUnpackSequence:
        return simple(1, arg);
    case Op::kUnpackEx:
        return ofUnpackEx(arg);
    case Op::kCall:
        return simple(arg + 2, 1);
    case Op::kCallFunctionEx:
        return simple(3 + (arg & 1), 1);
    case Op::kMakeFunction:
        return simple(1 + std::popcount(static_cast<unsigned>(arg) & 15), 1);
    default:
        return ofData(in);
    }
}

} // namespace

StackEffect stackEffect(const Instr& in, bool jumps) {
    switch (in.op) {
    case Op::kPopJumpIfFalse:
    case Op::kPopJumpIfTrue:
    case Op::kPopJumpIfNone:
    case Op::kPopJumpIfNotNone:
    case Op::kReturnValue:
        return simple(1, 0);
    case Op::kJumpIfFalseOrPop:
    case Op::kJumpIfTrueOrPop:
        return jumps ? StackEffect{1, 0, 0} : simple(1, 0);
    case Op::kForIter:
        return jumps ? simple(1, 0) : StackEffect{1, 0, 1};
    case Op::kSend:
        return jumps ? simple(2, 1) : StackEffect{2, 1, 1};
    case Op::kYieldValue:
        return simple(1, 1); // the value that is sent
    case Op::kReturnGenerator:
        return simple(0, 1); // as above
    case Op::kReraise:
        return {in.arg ? in.arg + 1 : 1, 1, 0};
    case Op::kRaiseVarargs:
        return simple(in.arg, 0);
    default:
        return ofBuilding(in);
    }
}

bool mayJump(Op op) {
    switch (op) {
    case Op::kForIter:
    case Op::kJump:
    case Op::kJumpBackward:
    case Op::kPopJumpIfFalse:
    case Op::kPopJumpIfTrue:
    case Op::kPopJumpIfNone:
    case Op::kPopJumpIfNotNone:
    case Op::kJumpIfFalseOrPop:
    case Op::kJumpIfTrueOrPop:
    case Op::kSend:
        return true;
    default:
        return false;
    }
}

bool fallsThrough(Op op) {
    switch (op) {
    case Op::kJump:
    case Op::kJumpBackward:
    case Op::kReturnValue:
    case Op::kReturnGenerator:
    case Op::kYieldValue:
    case Op::kReraise:
    case Op::kRaiseVarargs:
        return false;
    default:
        return true;
    }
}

bool endsBlock(Op op) {
    // What follows END_ASYNC_FOR is reached from a SEND as well.
    return mayJump(op) || !fallsThrough(op) || op == Op::kEndAsyncFor;
}

} // namespace pyston::build
