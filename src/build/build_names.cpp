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

Value* GraphBuilder::frameGlobals() {
    return inlining_ ? constObject(facts().globals) : emit(Opcode::kFrameGlobals, {});
}
Value* GraphBuilder::frameBuiltins() {
    return inlining_ ? constObject(facts().builtins) : emit(Opcode::kFrameBuiltins, {});
}

Value* GraphBuilder::loadGlobalFast(const Instr& in) {
    const Feedback& seen = in.feedback;
    if (seen.kind == Kind::kGlobalModule)
        return loadDictConstant(frameGlobals(), facts().globals, seen.keysVersion, seen.index);
    if (seen.kind != Kind::kGlobalBuiltin)
        return nullptr;
    emit(Opcode::kGuardDictKeysVersion, {frameGlobals()}, seen.keysVersion);
    return loadDictConstant(frameBuiltins(), facts().builtins, seen.keysVersion2, seen.index);
}

Value* GraphBuilder::loadDictConstant(Value* dict, Object* known, uint32_t version, int64_t index) {
    Value* value = emit(Opcode::kLoadDictEntry, {dict}, version);
    value->setImm2(index);
    if (!known || !facts().moduleDictEntry || !facts().isStableGlobal)
        return value;
    Object* now = facts().moduleDictEntry(known, version, index);
    if (!now || !facts().isStableGlobal(now))
        return value;
    emit(Opcode::kGuardIs, exactObject(exactClassOf(now)), {value},
         static_cast<int64_t>(reinterpret_cast<intptr_t>(now)));
    return constObject(now);
}

} // namespace pyston::build
