// Attributes and methods.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;
using Kind = Feedback::Kind;

bool GraphBuilder::buildAttribute(const Instr& in) {
    switch (in.op) {
    case Op::kLoadAttr:
        loadAttr(in);
        return true;
    case Op::kStoreAttr:
        storeAttr(in);
        return true;
    case Op::kDeleteAttr:
        helper(Helper::kDeleteAttr, {popObject(), nameObject(in.arg)});
        checkTracing();
        return true;
    case Op::kLoadMethod:
        loadMethod(in);
        return true;
    default:
        return false;
    }
}

void GraphBuilder::noteFeedback(const Instr& in, Value* owner) {
    const Feedback& seen = in.feedback;
    runtime::SiteProfile::Shape shape{seen.typeVersion};
    if (seen.kind == Kind::kWithHint)
        shape.entry = static_cast<int32_t>(seen.index);
    else if (seen.kind == Kind::kMethodWithDict)
        shape.entry = runtime::SiteProfile::kNotInDict;
    if (speculates(in) && seen.kind != Kind::kModule && seen.kind != Kind::kMethodClass)
        noteShape(in, owner, shape);
}

void GraphBuilder::loadAttr(const Instr& in) {
    Value* owner = popObject();
    noteFeedback(in, owner);
    if (Value* value =
            speculates(in) && !isPolymorphic(in, owner) ? loadAttrFast(in, owner) : nullptr)
        return push(value);
    if (loadClassAttr(in, owner) || loadByShapes(in, owner))
        return;
    push(loadAttrGeneric(in, owner));
    checkTracing();
}

Value* GraphBuilder::loadAttrGeneric(const Instr& in, Value* owner) {
    return helper(Helper::kLoadAttrCached, {owner, nameObject(in.arg)}, newCache(in));
}

Value* GraphBuilder::loadAttrFast(const Instr& in, Value* owner) {
    const Feedback& seen = in.feedback;
    switch (seen.kind) {
    case Kind::kInstanceValue:
        owner = guardTypeVersion(owner, seen.typeVersion);
        return emit(Opcode::kLoadInstanceValue, {owner}, seen.index);
    case Kind::kSlot:
        owner = guardTypeVersion(owner, seen.typeVersion);
        return emit(Opcode::kGuardNotNull, kObject,
                    {emit(Opcode::kLoadField, kNullable, {owner}, seen.index)});
    case Kind::kModule:
        return loadModuleAttr(in, owner);
    default:
        return nullptr;
    }
}

// A module that is a constant has the same dict for good, which lives as long.
Value* GraphBuilder::loadModuleAttr(const Instr& in, Value* owner) {
    Object* object = constantOf(owner);
    if (!object || !facts().moduleInfo)
        return nullptr;
    const host::ModuleInfo module = facts().moduleInfo(object);
    if (!module.dict)
        return nullptr;
    host::DictKey key{in.feedback.keysVersion, in.feedback.index};
    if (facts().dictKey) {
        const host::DictKey now =
            facts().dictKey(module.dict, code_.names[static_cast<size_t>(in.arg)]);
        if (now.version != 0)
            key = now;
    }
    if (key.index < 0)
        return nullptr;
    guardTypeVersion(owner, module.typeVersion);
    Value* dict =
        emit(Opcode::kLoadField, exactObject(ExactClass::kDict), {owner}, module.dictOffset);
    return loadDictConstant(dict, module.dict, key.version, key.index);
}

void GraphBuilder::storeAttr(const Instr& in) {
    Value* owner = popObject();
    Value* value = popObject();
    owner = current(owner);
    noteFeedback(in, owner);
    if (speculates(in) && !isPolymorphic(in, owner) && storeAttrFast(in, owner, value))
        return;
    if (storeByShapes(in, owner, value))
        return;
    storeAttrGeneric(in, owner, value);
    checkTracing();
}

void GraphBuilder::storeAttrGeneric(const Instr& in, Value* owner, Value* value) {
    helper(Helper::kStoreAttrCached, {value, owner, nameObject(in.arg)}, newCache(in));
}

bool GraphBuilder::storeAttrFast(const Instr& in, Value* owner, Value* value) {
    const Feedback& seen = in.feedback;
    if (seen.kind == Kind::kInstanceValue) {
        owner = guardTypeVersion(owner, seen.typeVersion);
        // A new object's attributes are unset still, which the inline store does not handle.
        if (code_.name.ends_with("__init__"))
            helper(Helper::kStoreInstanceValue, {value, owner, nameObject(in.arg)}, seen.index);
        else
            dropReplaced(emit(Opcode::kStoreInstanceValue, {owner, value}, seen.index), owner);
        return true;
    }
    if (seen.kind == Kind::kSlot) {
        owner = guardTypeVersion(owner, seen.typeVersion);
        dropReplaced(emit(Opcode::kStoreField, {owner, value}, seen.index), owner);
        return true;
    }
    return false;
}

// Leaves [function, self], or [NULL, attribute] when there is nothing to bind.
void GraphBuilder::loadMethod(const Instr& in) {
    Value* owner = popObject();
    noteFeedback(in, owner);
    if (speculates(in) && !isPolymorphic(in, owner) && loadMethodFast(in, owner))
        return;
    if (loadClassAttr(in, owner) || loadByShapes(in, owner))
        return;
    auto [function, second] = loadMethodGeneric(in, owner);
    push(function);
    push(second);
    checkTracing();
}

GraphBuilder::Pair GraphBuilder::loadMethodGeneric(const Instr& in, Value* owner) {
    Value* name = nameObject(in.arg);
    Value* function = helper(Helper::kLoadMethodCached, {owner, name}, newCache(in));
    return {function, helper(Helper::kTakeSecond, {owner, name})};
}

bool GraphBuilder::loadMethodFast(const Instr& in, Value* owner) {
    const Feedback& seen = in.feedback;
    if (seen.kind == Kind::kModule) {
        Value* value = loadModuleAttr(in, owner);
        if (value) {
            push(nullptr);
            push(value);
        }
        return value != nullptr;
    }
    if (!seen.object)
        return false;
    Value* guarded = nullptr;
    switch (seen.kind) {
    case Kind::kMethodNoDict:
        // Methods of builtin classes: the class does not change, so neither does what it has.
        if (ExactClass c = ownerClassOf(seen.object); c != ExactClass::kUnknown)
            guarded = owner = guardExact(owner, c);
        else
            guarded = guardTypeVersion(owner, seen.typeVersion);
        break;
    case Kind::kMethodWithValues:
        guarded = guardTypeVersion(owner, seen.typeVersion);
        emit(Opcode::kGuardInstanceKeysVersion, {guarded}, seen.keysVersion);
        break;
    case Kind::kMethodLazyDict:
        guarded = guardTypeVersion(owner, seen.typeVersion);
        emit(Opcode::kGuardNoDict, {guarded}, seen.index);
        break;
    case Kind::kMethodWithDict: {
        guarded = guardTypeVersion(owner, seen.typeVersion);
        Value* dict = emit(Opcode::kLoadField, kNullable, {guarded}, seen.index);
        dict = emit(Opcode::kGuardNotNull, kObject, {dict});
        emit(Opcode::kGuardDictKeysVersion, {dict}, seen.keysVersion);
        break;
    }
    default:
        return false;
    }
    push(constObject(seen.object));
    push(owner);
    return true;
}

// The class that a builtin's method needs self to be an instance of, if it is one that has no
// subclass among those with a name here.
ExactClass GraphBuilder::ownerClassOf(Object* method) const {
    if (!facts().builtinInfo || !facts().classObject)
        return ExactClass::kUnknown;
    Object* owner = facts().builtinInfo(method).ownerClass;
    for (ExactClass c : {ExactClass::kInt, ExactClass::kFloat, ExactClass::kStr, ExactClass::kBytes,
                         ExactClass::kRange, ExactClass::kTuple, ExactClass::kList,
                         ExactClass::kDict, ExactClass::kSet, ExactClass::kSlice})
        if (owner && owner == facts().classObject(c))
            return c;
    return ExactClass::kUnknown;
}

} // namespace pyston::build
