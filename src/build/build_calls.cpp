// Calls. A callable that is a constant (a speculated global, a method found by class) is called by
// its own kind; all others through vectorcall.
#include "build/graph_builder.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace pyston::build {

using namespace hir;
using host::KnownBuiltin;
using runtime::Helper;

namespace {

// CO_* flags.
constexpr int kOptimizedNewLocals = 0x1 | 0x2;
constexpr int kNotDirect = 0x4 | 0x8; // *args, **kwargs

} // namespace

bool GraphBuilder::buildCall(const Instr& in) {
    switch (in.op) {
    case Op::kCall:
        call(in);
        return true;
    case Op::kCallFunctionEx:
        callFunctionEx(in);
        return true;
    case Op::kMakeFunction:
        makeFunction(in);
        return true;
    default:
        return false;
    }
}

// The stack holds [NULL, callable, arguments...] or [function, self, arguments...].
void GraphBuilder::call(const Instr& in) {
    std::vector<Value*> args = popObjects(in.arg);
    Value* second = popObject();
    Value* first = current(pop());
    for (Value*& arg : args)
        arg = current(arg);
    Value* kwnames = in.kwnames ? constObject(in.kwnames) : nullptr;
    Called known;
    if (first && first->type().rep == Rep::kNullable) {
        args.insert(args.begin(), second);
        known = callAnyOf(in, kwnames, first, args);
    } else {
        if (first)
            args.insert(args.begin(), second);
        Value* callable = first ? first : second;
        known = callable->isPhi() ? callAnyOf(in, kwnames, callable, args)
                                  : callOne(in, kwnames, callable, args);
    }
    push(known.result);
    if (known.after == After::kBreakerAndTracing)
        checkBreakerAndTracing();
    else if (known.after == After::kTracing)
        checkTracing();
}

GraphBuilder::Called GraphBuilder::callOne(const Instr& in, Value* kwnames, Value* callable,
                                           std::span<Value* const> args) {
    if (Called known = callKnown(in, kwnames, callable, args); known.result)
        return known;
    std::vector<Value*> operands{kwnames, callable};
    operands.insert(operands.end(), args.begin(), args.end());
    Value* result = helper(Helper::kCall, operands);
    result->setType(exactObject(instanceClassOf(callable)));
    return {result, After::kBreakerAndTracing};
}

// A callable that is one of several constants, or something else. If it may be NULL, the first
// argument is what is called then (see loadMethod).
GraphBuilder::Called GraphBuilder::callAnyOf(const Instr& in, Value* kwnames, Value* callable,
                                             std::span<Value* const> args) {
    std::vector<Object*> known;
    bool others = false;
    for (Value* operand : callable->isPhi() ? callable->operands() : std::span<Value* const>{}) {
        Object* object = constantOf(operand);
        if (!object || !facts().functionCode || !facts().functionCode(object))
            others = true;
        else if (std::ranges::find(known, object) == known.end())
            known.push_back(object);
    }
    others |= known.empty();
    const bool nullable = callable->type().rep == Rep::kNullable;
    auto callOther = [&]() -> Called {
        if (!nullable)
            return callOne(in, kwnames, callable, args);
        std::vector<Value*> operands{kwnames, callable};
        operands.insert(operands.end(), args.begin(), args.end());
        return {helper(Helper::kCallMethod, operands), After::kBreakerAndTracing};
    };
    if (known.empty())
        return callOther();
    Join join{fn_.newBlock()};
    After after = After::kNothing;
    auto end = [&](const Called& called) {
        after = std::max(after, called.after);
        endPath(join, {called.result});
    };
    for (size_t i = 0; i < known.size(); ++i) {
        Value* constant = constObject(known[i]);
        if (i + 1 == known.size() && !others) {
            end(callOne(in, kwnames, constant, args));
            break;
        }
        hir::Block* next = enterIf(emit(Opcode::kObjectIs, {callable, constant}));
        end(callOne(in, kwnames, constant, args));
        block_ = next;
    }
    if (others) {
        block_->setCold(true);
        end(callOther());
    }
    return {goOnAt(join)[0], after};
}

GraphBuilder::Called GraphBuilder::callKnown(const Instr& in, Value* kwnames, Value* callable,
                                             std::span<Value* const> args) {
    Object* object = constantOf(callable);
    if (!object)
        return speculates(in) && !kwnames ? callMadeHere(callable, args) : Called{};
    if (facts().functionCode && facts().functionCode(object))
        return speculates(in) ? callDirect(kwnames, callable, args) : Called{};
    if (Called known = speculates(in) ? construct(kwnames, callable, args) : Called{}; known.result)
        return known;
    if (kwnames)
        return {};
    if (Called known = callKnownBuiltin(object, args); known.result)
        return known;
    if (Called known = callMath(in, object, args); known.result)
        return known;
    if (Called known = callClass(in, callable, args); known.result)
        return known;
    if (Called known = callMethodDescriptor(callable, args); known.result)
        return known;
    return callBuiltinFunction(callable, args);
}

// The class of what calling a builtin class gives, whatever the arguments are. (str may give an
// instance of a subclass.)
ExactClass GraphBuilder::instanceClassOf(const Value* callable) const {
    constexpr ExactClass kClasses[] = {ExactClass::kInt,   ExactClass::kFloat, ExactClass::kBool,
                                       ExactClass::kRange, ExactClass::kTuple, ExactClass::kList,
                                       ExactClass::kDict,  ExactClass::kSet};
    const Object* object = constantOf(callable);
    if (object && facts().classObject)
        for (ExactClass c : kClasses)
            if (object == facts().classObject(c))
                return c;
    return ExactClass::kUnknown;
}

// Of the code if it can be called directly with this many arguments, else null.
runtime::CodeData* GraphBuilder::directCallee(Object* code, size_t numArgs) const {
    if (!facts().codeInfo || !facts().codeData)
        return nullptr;
    const host::CodeInfo info = facts().codeInfo(code);
    if (info.argCount != static_cast<int>(numArgs) || info.kwOnlyCount != 0 ||
        (info.flags & kNotDirect) || (info.flags & kOptimizedNewLocals) != kOptimizedNewLocals)
        return nullptr;
    return facts().codeData(code, true);
}

GraphBuilder::DirectCall GraphBuilder::directCall(Object* function, size_t numArgs,
                                                  Value* kwnames) const {
    Object* code = facts().functionCode(function);
    if (!kwnames)
        if (runtime::CodeData* callee = directCallee(code, numArgs))
            return {callee, {}};
    if (!facts().bindCall || !facts().codeData)
        return {};
    Object* names = kwnames ? constantOf(kwnames) : nullptr;
    host::CallBinding binding = facts().bindCall(function, static_cast<int64_t>(numArgs), names);
    if (!binding.fits)
        return {};
    return {facts().codeData(code, true), std::move(binding)};
}

// A function's code may be exchanged at any time, so its identity is not enough.
Value* GraphBuilder::guardCallee(const DirectCall& call, Value* function) {
    if (call.binding.fits)
        return emit(Opcode::kGuardFunctionVersion, {function}, call.binding.version);
    const auto imm = static_cast<int64_t>(reinterpret_cast<intptr_t>(call.callee));
    return emit(Opcode::kGuardCode, {function}, imm);
}

// Defaults die when the function is given others: they are loaded from it.
std::vector<Value*> GraphBuilder::parametersOf(const DirectCall& call, Value* function,
                                               std::span<Value* const> args) {
    if (!call.binding.fits)
        return {args.begin(), args.end()};
    std::vector<Value*> parameters;
    Value* defaults = nullptr;
    for (const host::BoundParameter& parameter : call.binding.parameters) {
        if (parameter.argument >= 0) {
            parameters.push_back(args[static_cast<size_t>(parameter.argument)]);
        } else if (parameter.isImmortal) {
            parameters.push_back(constObject(parameter.value));
        } else {
            if (!defaults)
                defaults = emit(Opcode::kLoadField, exactObject(ExactClass::kTuple), {function},
                                call.binding.defaultsOffset);
            const ExactClass known =
                facts().exactClassOf ? facts().exactClassOf(parameter.value) : ExactClass::kUnknown;
            parameters.push_back(
                emit(Opcode::kTupleItem, exactObject(known), {defaults}, parameter.defaultIndex));
        }
    }
    return parameters;
}

GraphBuilder::Called GraphBuilder::emitCallDirect(runtime::CodeData* callee, Value* function,
                                                  std::span<Value* const> args) {
    std::vector<Value*> operands{function};
    operands.insert(operands.end(), args.begin(), args.end());
    Value* result = fn_.newInstr(Opcode::kCallDirect, kObject, operands);
    result->setImm(static_cast<int64_t>(reinterpret_cast<intptr_t>(callee)));
    return {place(result, nullptr), After::kTracing};
}

GraphBuilder::Called GraphBuilder::callDirect(Value* kwnames, Value* function,
                                              std::span<Value* const> args) {
    const DirectCall call = directCall(constantOf(function), args.size(), kwnames);
    if (!call.callee)
        return {};
    Value* guarded = guardCallee(call, function);
    const std::vector<Value*> parameters = parametersOf(call, guarded, args);
    if (const Called inlined = tryInline(guarded, call.callee, parameters); inlined.result)
        return inlined;
    return emitCallDirect(call.callee, guarded, parameters);
}

// A function that this code made, such as a comprehension's: CallDirect looks at its code itself.
GraphBuilder::Called GraphBuilder::callMadeHere(Value* function, std::span<Value* const> args) {
    if (function->opcode() != Opcode::kCallRuntime ||
        static_cast<Helper>(function->imm()) != Helper::kMakeFunction)
        return {};
    Object* code = constantOf(function->operand(0));
    runtime::CodeData* callee = code ? directCallee(code, args.size()) : nullptr;
    return callee ? emitCallDirect(callee, function, args) : Called{};
}

// An instance of a class made in Python. As the interpreter counts a level of recursion for the
// call of the class, and keeps the arguments until it is over, so does this.
GraphBuilder::Called GraphBuilder::construct(Value* kwnames, Value* callable,
                                             std::span<Value* const> args) {
    if (!facts().constructor || !facts().functionCode)
        return {};
    const host::Constructor made = facts().constructor(constantOf(callable));
    if (!made.init || !facts().functionCode(made.init))
        return {};
    const DirectCall call = directCall(made.init, args.size() + 1, kwnames);
    if (!call.callee)
        return {};
    emit(Opcode::kGuardOwnVersion, {callable}, made.version);
    Value* init = guardCallee(call, constObject(made.init));
    emit(Opcode::kGuardLevelLeft, {});
    Value* object = helper(Helper::kNewInstance, {callable});
    std::vector<Value*> passed{object};
    passed.insert(passed.end(), args.begin(), args.end());
    // The collector may have run, and finalizers. What was allocated is known to nobody yet, so
    // there is no leaving: the interpreter would make another.
    std::vector<hir::Block*> changed{
        enterIf(emit(Opcode::kOwnVersionIs, {callable}, made.version))};
    if (call.binding.fits)
        changed.push_back(enterIf(emit(Opcode::kFunctionVersionIs, {init}, call.binding.version)));
    Value* result = emitCallDirect(call.callee, init, parametersOf(call, init, passed)).result;
    result->setImm2(1);
    hir::Block* isOther = enterIf(emit(Opcode::kObjectIs, {result, none()}));
    Join join{fn_.newBlock()};
    endPath(join);
    block_ = isOther;
    block_->setCold(true);
    helper(Helper::kRefuseInitResult, {result});
    endPath(join);
    passed.insert(passed.begin(), kwnames);
    for (hir::Block* block : changed) {
        block_ = block;
        block_->setCold(true);
        helper(Helper::kInitInstance, passed);
        endPath(join);
    }
    block_ = join.block;
    FrameState* after = stateAfter();
    for (Value* arg : args)
        drop(arg, after);
    return {object, After::kBreakerAndTracing};
}

GraphBuilder::Called GraphBuilder::callKnownBuiltin(Object* builtin, std::span<Value* const> args) {
    switch (facts().knownBuiltin ? facts().knownBuiltin(builtin) : KnownBuiltin::kNone) {
    case KnownBuiltin::kLen:
        if (args.size() != 1)
            return {};
        if (Value* length = callLen(args[0]))
            return {length, After::kNothing};
        return {helper(Helper::kLen, {args[0]}), After::kTracing};
    case KnownBuiltin::kIsInstance:
        if (args.size() != 2)
            return {};
        return {boxBool(helper(Helper::kIsInstance, {args[0], args[1]})), After::kTracing};
    case KnownBuiltin::kListAppend:
        if (args.size() != 2 || !args[0]->type().is(ExactClass::kList))
            return {};
        helper(Helper::kListAppend, {args[0], args[1]});
        return {none(), After::kNothing};
    case KnownBuiltin::kAbs: // of numbers: callMath()
    case KnownBuiltin::kSqrt:
    case KnownBuiltin::kNone:
        break;
    }
    return {};
}

// Functions of one number, without an object for it. Errors are the interpreter's.
GraphBuilder::Called GraphBuilder::callMath(const Instr& in, Object* function,
                                            std::span<Value* const> args) {
    if (args.size() != 1 || !speculates(in) || !facts().knownBuiltin)
        return {};
    const KnownBuiltin known = facts().knownBuiltin(function);
    const uint64_t address = facts().mathFunction ? facts().mathFunction(function) : 0;
    if (known != KnownBuiltin::kAbs && known != KnownBuiltin::kSqrt && address == 0)
        return {};
    Value* value = args[0];
    const ExactClass likely = request_.profile ? likelyClass(value) : value->type().exact;
    if ((likely != ExactClass::kFloat && likely != ExactClass::kInt) || isHugeInt(value))
        return {};
    value = guardExact(value, likely);
    emit(Opcode::kGuardLevelLeft, {}); // the call would count one
    if (known == KnownBuiltin::kAbs && likely == ExactClass::kInt)
        return {absoluteInt(value), After::kNothing};
    Value* number = unboxDouble(value);
    if (known == KnownBuiltin::kAbs)
        return {boxDouble(emit(Opcode::kDoubleAbs, {number})), After::kNothing};
    if (known == KnownBuiltin::kSqrt)
        return {boxDouble(emit(Opcode::kDoubleSqrt, {number})), After::kNothing};
    Value* result = emit(Opcode::kCallMath, {number}, static_cast<int64_t>(address));
    auto check = [&](Condition cc, double limit) {
        emit(Opcode::kGuardTrue, {emit(Opcode::kDoubleCompare, {result, constDouble(limit)},
                                       static_cast<int64_t>(cc))});
    };
    check(Condition::kLess, std::numeric_limits<double>::infinity());
    check(Condition::kGreater, -std::numeric_limits<double>::infinity());
    return {boxDouble(result), After::kNothing};
}

// An int that is not negative is its absolute value, the same object.
Value* GraphBuilder::absoluteInt(Value* value) {
    Value* number = unboxInt(value);
    hir::Block* negative = enterIf(emit(Opcode::kIntCompare, {number, constInt(0)},
                                        static_cast<int64_t>(Condition::kGreaterEqual)));
    Join join{fn_.newBlock()};
    endPath(join, {value});
    block_ = negative;
    endPath(join, {boxInt(emit(Opcode::kIntNeg, {number}))});
    return goOnAt(join)[0];
}

Value* GraphBuilder::callLen(Value* value) {
    if (value->type().is(ExactClass::kList))
        return boxInt(emit(Opcode::kListLen, {value}));
    if (value->type().is(ExactClass::kTuple))
        return boxInt(emit(Opcode::kTupleLen, {value}));
    return nullptr;
}

// type(x), str(x), tuple(x), range(...)
GraphBuilder::Called GraphBuilder::callClass(const Instr& in, Value* callable,
                                             std::span<Value* const> args) {
    if (!facts().classObject)
        return {};
    Object* object = constantOf(callable);
    auto is = [&](ExactClass c) { return object == facts().classObject(c); };
    if (is(ExactClass::kRange))
        return callRange(in, args);
    if (args.size() != 1)
        return {};
    if (is(ExactClass::kType)) {
        if (Object* known = facts().classObject(args[0]->type().exact))
            return {constObject(known), After::kNothing};
        return {emit(Opcode::kLoadField, kObject, {args[0]}, facts().classOffset), After::kNothing};
    }
    const ExactClass made = is(ExactClass::kTuple) ? ExactClass::kTuple : ExactClass::kUnknown;
    if (!is(ExactClass::kStr) && !is(ExactClass::kTuple))
        return {};
    Value* result = helper(Helper::kCallTypeOne, {callable, args[0]});
    result->setType(exactObject(made)); // str(x) may be a subclass's instance
    return {result, After::kBreakerAndTracing};
}

GraphBuilder::Called GraphBuilder::callRange(const Instr& in, std::span<Value* const> args) {
    if (args.empty() || args.size() > 3 || !speculates(in))
        return {};
    const auto step = args.size() == 3 ? intConstant(args[2]) : std::optional<int64_t>(1);
    if (!step || *step == 0)
        return {};
    for (Value* arg : args)
        if ((arg->type().exact != ExactClass::kUnknown && !arg->type().is(ExactClass::kInt)) ||
            isHugeInt(arg))
            return {};
    auto number = [&](size_t i) { return unboxInt(guardExact(args[i], ExactClass::kInt)); };
    Value* start = args.size() > 1 ? number(0) : constInt(0);
    Value* stop = number(args.size() > 1 ? 1 : 0);
    Value* result = helper(Helper::kRangeNew, {start, stop, constInt(*step)});
    result->setType(exactObject(ExactClass::kRange));
    return {result, After::kNothing};
}

static bool isFast(const host::BuiltinInfo& info) {
    return info.convention == host::BuiltinInfo::kFast ||
           info.convention == host::BuiltinInfo::kFastKeywords;
}

GraphBuilder::Called GraphBuilder::callBuiltinFunction(Value* callable,
                                                       std::span<Value* const> args) {
    if (!facts().builtinInfo)
        return {};
    const host::BuiltinInfo info = facts().builtinInfo(constantOf(callable));
    if (info.ownerClass)
        return {};
    if (info.convention == host::BuiltinInfo::kO && args.size() == 1)
        return {helper(Helper::kCallCFunctionO, {callable, args[0]}), After::kBreakerAndTracing};
    if (!isFast(info))
        return {};
    std::vector<Value*> operands{callable};
    operands.insert(operands.end(), args.begin(), args.end());
    return {helper(Helper::kCallCFunctionFast, operands), After::kBreakerAndTracing};
}

// Where `self` is not of the descriptor's own class, the helpers make the general call.
GraphBuilder::Called GraphBuilder::callMethodDescriptor(Value* callable,
                                                        std::span<Value* const> args) {
    if (!facts().builtinInfo || args.empty())
        return {};
    const host::BuiltinInfo info = facts().builtinInfo(constantOf(callable));
    if (!info.ownerClass)
        return {};
    if (info.convention == host::BuiltinInfo::kO && args.size() == 2)
        return {helper(Helper::kCallMethodDescrO, {callable, args[0], args[1]}),
                After::kBreakerAndTracing};
    if (info.convention == host::BuiltinInfo::kNoArgs && args.size() == 1)
        return {helper(Helper::kCallMethodDescrNoArgs, {callable, args[0]}),
                After::kBreakerAndTracing};
    if (!isFast(info))
        return {};
    std::vector<Value*> operands{callable};
    operands.insert(operands.end(), args.begin(), args.end());
    return {helper(Helper::kCallMethodDescrFast, operands), After::kBreakerAndTracing};
}

void GraphBuilder::callFunctionEx(const Instr& in) {
    Value* mapping = (in.arg & 1) ? popObject() : nullptr;
    Value* positional = popObject();
    Value* callable = popObject();
    pop(); // the NULL below the callable
    if (mapping)
        mapping = current(mapping);
    push(helper(Helper::kCallEx, {callable, current(positional), mapping}));
    checkBreakerAndTracing();
}

void GraphBuilder::makeFunction(const Instr& in) {
    std::vector<Value*> parts;
    for (int i = 1 + std::popcount(static_cast<unsigned>(in.arg) & 15); i > 0; --i)
        parts.push_back(popObject());
    for (Value*& part : parts)
        part = current(part);
    Value* function = helper(Helper::kMakeFunction, parts, in.arg);
    function->setType(exactObject(ExactClass::kFunction));
    push(function);
}

} // namespace pyston::build
