// Globals, builtins, names of class bodies and modules, imports.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;
using Kind = Feedback::Kind;

bool GraphBuilder::buildName(const Instr& in) {
    switch (in.op) {
    case Op::kLoadGlobal:
    case Op::kLoadGlobalNull:
        loadGlobal(in, in.op == Op::kLoadGlobalNull);
        return true;
    case Op::kStoreGlobal:
        helper(Helper::kStoreGlobal, {popObject(), nameObject(in.arg)});
        break;
    case Op::kDeleteGlobal:
        helper(Helper::kDeleteGlobal, {nameObject(in.arg)});
        break;
    case Op::kLoadName:
        push(helper(Helper::kLoadName, {nameObject(in.arg)}));
        break;
    case Op::kStoreName:
        helper(Helper::kStoreName, {popObject(), nameObject(in.arg)});
        break;
    case Op::kDeleteName:
        helper(Helper::kDeleteName, {nameObject(in.arg)});
        break;
    case Op::kLoadBuildClass:
        push(helper(Helper::kLoadBuildClass, {}));
        break;
    case Op::kSetupAnnotations:
        helper(Helper::kSetupAnnotations, {});
        break;
    case Op::kImportName: {
        Value* fromlist = popObject();
        Value* level = popObject();
        push(helper(Helper::kImportName, {nameObject(in.arg), current(fromlist), level}));
        break;
    }
    case Op::kImportFrom: {
        Value* module = peekObject();
        push(helper(Helper::kImportFrom, {module, nameObject(in.arg)}));
        break;
    }
    case Op::kImportStar:
        helper(Helper::kImportStar, {popObject()});
        break;
    default:
        return false;
    }
    checkTracing();
    return true;
}

void GraphBuilder::loadGlobal(const Instr& in, bool pushNull) {
    Value* value = speculates(in) ? loadGlobalFast(in) : nullptr;
    const bool generic = !value;
    if (generic)
        value = helper(Helper::kLoadGlobal, {nameObject(in.arg)});
    if (pushNull)
        push(nullptr);
    push(value);
    if (generic)
        checkTracing();
}

// Exact dicts: a frame may have those of any class.
Value* GraphBuilder::frameGlobals() {
    Value* globals = inlining_ ? namesOfCallee(facts().globals, facts().globalsOffset)
                               : emit(Opcode::kFrameGlobals, {});
    return guardExact(globals, ExactClass::kDict);
}
Value* GraphBuilder::frameBuiltins() {
    Value* builtins = inlining_ ? namesOfCallee(facts().builtins, facts().builtinsOffset)
                                : emit(Opcode::kFrameBuiltins, {});
    return guardExact(builtins, ExactClass::kDict);
}

// A dict of the function that is built in. It never has another one; but as a constant, the dict
// would live, with all that is in it, for as long as the code.
Value* GraphBuilder::namesOfCallee(Object* dict, int64_t offset) {
    return emit(Opcode::kLoadField, exactObject(exactClassOf(dict)), {inlining_->callee}, offset);
}

Value* GraphBuilder::loadGlobalFast(const Instr& in) {
    const Feedback& seen = in.feedback;
    // What was seen may be out of date: a global has been added since. Then the code has been
    // compiled before, and the interpreter is about to specialize the instruction again.
    const bool isAnew = request_.profile && request_.profile->compilations() > 0;
    if (seen.kind != Kind::kGlobalModule && seen.kind != Kind::kGlobalBuiltin && !isAnew)
        return nullptr;
    if (facts().dictKey && facts().globals && facts().builtins) {
        Object* name = code_.names[static_cast<size_t>(in.arg)];
        const host::DictKey global = facts().dictKey(facts().globals, name);
        if (global.version != 0 && global.index >= 0)
            return loadDictConstant(frameGlobals(), facts().globals, global.version, global.index);
        const host::DictKey builtin = facts().dictKey(facts().builtins, name);
        if (global.version != 0 && builtin.version != 0 && builtin.index >= 0)
            return loadBuiltin(global.version, builtin.version, builtin.index);
    }
    if (seen.kind == Kind::kGlobalModule)
        return loadDictConstant(frameGlobals(), facts().globals, seen.keysVersion, seen.index);
    if (seen.kind == Kind::kGlobalBuiltin)
        return loadBuiltin(seen.keysVersion, seen.keysVersion2, seen.index);
    return nullptr;
}

Value* GraphBuilder::loadBuiltin(uint32_t globalsVersion, uint32_t version, int64_t index) {
    emit(Opcode::kGuardDictKeysVersion, {frameGlobals()}, globalsVersion);
    return loadDictConstant(frameBuiltins(), facts().builtins, version, index);
}

Value* GraphBuilder::loadDictConstant(Value* dict, Object* known, uint32_t version, int64_t index) {
    host::DictEntry now;
    if (known && facts().dictEntry && facts().isStableGlobal)
        now = facts().dictEntry(known, version, index);
    if (!now.value || !facts().isStableGlobal(now.value)) {
        Value* value = emit(Opcode::kLoadDictEntry, {dict}, version);
        value->setImm2(index);
        return value;
    }
    emit(Opcode::kGuardDictKeysVersion, {dict}, version);
    emit(Opcode::kGuardDictEntry, {dict},
         static_cast<int64_t>(reinterpret_cast<intptr_t>(now.value)))
        ->setImm2(now.offset);
    return constObject(now.value);
}

} // namespace pyston::build
