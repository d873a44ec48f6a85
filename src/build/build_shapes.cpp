// Attributes at sites that saw objects of several classes, or what the interpreter has no
// specialized form for: properties, and plain attributes of the class.
#include "build/graph_builder.h"

#include <algorithm>

namespace pyston::build {

namespace {

// Whether there is a form for where the class has the attribute, and where it was seen.
bool isKnown(const GraphBuilder::Shape& shape) {
    using Kind = host::AttributeAccess::Kind;
    using Site = runtime::SiteProfile;
    switch (shape.access.kind) {
    case Kind::kUnknown:
        return false;
    case Kind::kInstanceValue:
        if (shape.entry == Site::kNoDict)
            return shape.access.object != nullptr;
        return shape.entry >= 0 || (shape.entry != Site::kNotInDict && shape.access.index >= 0);
    case Kind::kMethod:
    case Kind::kStaticMethod:
    case Kind::kClassMethod:
        return shape.entry < 0;
    case Kind::kClassValue: // often a default that some instances have another value for
        return shape.access.sharedKeys < 0 || (shape.entry < 0 && shape.entry != Site::kVaries);
    case Kind::kSlot:
    case Kind::kType:
    case Kind::kProperty:
        return true;
    }
    return false;
}

} // namespace

using namespace hir;
using runtime::Helper;
using runtime::SiteProfile;
using Kind = host::AttributeAccess::Kind;

void GraphBuilder::noteShape(const Instr& in, Value* owner, SiteProfile::Shape shape) {
    if (!request_.profile || shape.version == 0)
        return;
    if (runtime::varyingClasses().contains(shape.version))
        shape.entry = SiteProfile::kVaries;
    request_.profile->sites[in.offset].addShape(shape);
    std::vector<uint32_t>& seen = shapesOf_[rootValue(owner)];
    if (std::ranges::find(seen, shape.version) == seen.end())
        seen.push_back(shape.version);
}

// Sites of the same object see the same classes: what one of them has seen is expected at all. True
// if the interpreter's cache, which is for one class and one way of keeping attributes, will not
// do.
bool GraphBuilder::isPolymorphic(const Instr& in, Value* owner) {
    if (!request_.profile)
        return false;
    SiteProfile& site = request_.profile->sites[in.offset];
    const std::vector<uint32_t> seen = shapesOf_[rootValue(owner)];
    for (uint32_t version : seen)
        site.addShape({version});
    for (size_t i = 0; i < site.numShapes; ++i)
        noteShape(in, owner, site.shapes[i]);
    return site.numShapes > 1 || site.seesVarying();
}

int64_t GraphBuilder::newCache(const Instr& in) {
    runtime::CodeData* data = request_.profile;
    if (data &&
        (data->sites[in.offset].width != SiteProfile::kAsInterpreter || !facts().attributeLoad))
        data = nullptr;
    return fn_.newCache(in.offset, data);
}

// The classes seen whose attribute can be had without a lookup.
GraphBuilder::Shapes GraphBuilder::shapesAt(const Instr& in, Value* owner,
                                            host::AttributeAccess (*accessOf)(uint32_t, Object*)) {
    Shapes shapes;
    if (!request_.profile || !accessOf)
        return shapes;
    isPolymorphic(in, owner);
    const SiteProfile& site = request_.profile->sites[in.offset];
    if (site.width == SiteProfile::kNoShapes)
        return shapes;
    shapes.complete = site.width != SiteProfile::kAnyShape;
    Object* name = code_.names[static_cast<size_t>(in.arg)];
    for (size_t i = 0; i < site.numShapes; ++i) {
        const Shape shape{site.shapes[i], accessOf(site.shapes[i].version, name)};
        if (isKnown(shape))
            shapes.known.push_back(shape);
        else
            shapes.complete = false;
    }
    return shapes;
}

// One arm for each class, and `others` unless there are none: then the last arm is guarded.
GraphBuilder::Pair GraphBuilder::dispatch(Value* owner, const Shapes& shapes, const Arm& arm,
                                          const std::function<Pair()>& others) {
    if (shapes.complete && shapes.known.size() == 1) {
        guardTypeVersion(owner, shapes.known[0].version);
        return arm(shapes.known[0]);
    }
    Join join{fn_.newBlock()};
    Value* version = emit(Opcode::kLoadTypeVersion, {owner});
    for (size_t i = 0; i < shapes.known.size(); ++i) {
        const Shape& shape = shapes.known[i];
        if (shapes.complete && i + 1 == shapes.known.size()) {
            guardTypeVersion(owner, shape.version);
            endPath(join, arm(shape));
            break;
        }
        Value* is = emit(Opcode::kIntCompare, {version, constInt(shape.version)},
                         static_cast<int64_t>(Condition::kEqual));
        hir::Block* next = enterIf(is);
        endPath(join, arm(shape));
        block_ = next;
    }
    if (!shapes.complete) {
        block_->setCold(true);
        endPath(join, others());
    }
    return goOnAt(join);
}

Value* GraphBuilder::hinted(Opcode op, std::initializer_list<Value*> operands, const Shape& shape) {
    Value* access = fn_.newInstr(op, operands);
    Object* name = code_.names[static_cast<size_t>(instr_->arg)];
    access->setImm(static_cast<int64_t>(reinterpret_cast<intptr_t>(name)));
    access->setImm2(shape.entry);
    return place(access, nullptr);
}

// Leaves if the instance has an attribute of its own that comes before the class's.
void GraphBuilder::guardNotHidden(Value* owner, const Shape& shape) {
    const int64_t sharedKeys = shape.access.sharedKeys;
    if (sharedKeys < 0)
        return;
    switch (shape.entry) {
    case SiteProfile::kNoDict:
        emit(Opcode::kGuardNoDict, {owner}, -1);
        return;
    case SiteProfile::kNotInDict:
    case SiteProfile::kShared:
    case SiteProfile::kVaries:
        emit(Opcode::kGuardFalse,
             {helper(Helper::kHidesAttribute, {owner, nameObject(instr_->arg)}, sharedKeys)});
        return;
    default:
        emit(Opcode::kGuardInstanceKeysCount, {owner}, sharedKeys);
        return;
    }
}

// `found`, or what `others` makes where that is NULL.
GraphBuilder::Pair GraphBuilder::orElse(Value* found, const std::function<Pair()>& others) {
    Join join{fn_.newBlock()};
    hir::Block* there = enterIf(Opcode::kBranchNull, found);
    block_->setCold(true);
    endPath(join, others());
    block_ = there;
    endPath(join, attributePair(emit(Opcode::kRefine, kObject, {found})));
    return goOnAt(join);
}

// An attribute as LOAD_ATTR pushes it, or as LOAD_METHOD pushes what is not to be bound.
GraphBuilder::Pair GraphBuilder::attributePair(Value* value) const {
    return instr_->op == Op::kLoadMethod ? Pair{nullptr, value} : Pair{value, nullptr};
}

// A function to be called with `self` first.
GraphBuilder::Pair GraphBuilder::methodPair(Value* function, Value* self) {
    if (instr_->op == Op::kLoadMethod)
        return {function, self};
    return {helper(Helper::kBindMethod, {function, self}), nullptr};
}

// What a descriptor that is a constant has at a byte offset, expected to be `known`.
Value* GraphBuilder::loadKnownField(Object* descriptor, int64_t offset, Object* known) {
    Value* field = emit(Opcode::kLoadField, kObject, {constObject(descriptor)}, offset);
    emit(Opcode::kGuardIs, exactObject(exactClassOf(known)), {field},
         static_cast<int64_t>(reinterpret_cast<intptr_t>(known)));
    return constObject(known);
}

Value* GraphBuilder::loadInstanceValue(Value* owner, const Shape& shape) {
    const host::AttributeAccess& access = shape.access;
    if (shape.entry >= 0)
        return hinted(Opcode::kLoadHintedValue, {owner}, shape);
    if (shape.entry == SiteProfile::kNoDict) {
        emit(Opcode::kGuardNoDict, {owner}, -1);
        return constObject(access.object);
    }
    if (shape.entry == SiteProfile::kInline && !access.object)
        return emit(Opcode::kLoadInstanceValue, {owner}, access.index);
    Value* value = emit(Opcode::kLoadSharedValue, {owner}, access.index);
    if (access.object)
        return emit(Opcode::kReplaceNull, {value, constObject(access.object)});
    return emit(Opcode::kGuardNotNull, kObject, {value});
}

// The attribute of an owner whose class has the shape's version; `others` looks it up.
GraphBuilder::Pair GraphBuilder::loadByShape(Value* owner, const Shape& shape,
                                             const std::function<Pair()>& others) {
    const host::AttributeAccess& access = shape.access;
    if (access.descriptorVersion != 0)
        guardTypeVersion(constObject(access.owner), access.descriptorVersion);
    guardNotHidden(owner, shape);
    switch (access.kind) {
    case Kind::kInstanceValue:
        if (shape.entry == SiteProfile::kVaries)
            return orElse(emit(Opcode::kFindSharedValue, {owner}, access.index), others);
        return attributePair(loadInstanceValue(owner, shape));
    case Kind::kSlot:
        return attributePair(emit(Opcode::kGuardNotNull, kObject,
                                  {emit(Opcode::kLoadField, kNullable, {owner}, access.index)}));
    case Kind::kProperty: {
        Value* getter = loadKnownField(access.owner, access.index, access.object);
        return attributePair(callOne(*instr_, nullptr, getter, std::array{owner}).result);
    }
    case Kind::kType:
        return attributePair(emit(Opcode::kLoadField, kObject, {owner}, access.typeOffset));
    case Kind::kMethod:
        return methodPair(constObject(access.object), owner);
    case Kind::kClassMethod:
        return loadClassValue(access,
                              emit(Opcode::kLoadField, kObject, {owner}, access.typeOffset));
    default:
        return loadClassValue(access, nullptr);
    }
}

// What a class has, however one got there.
GraphBuilder::Pair GraphBuilder::loadClassValue(const host::AttributeAccess& access, Value* type) {
    switch (access.kind) {
    case Kind::kStaticMethod:
        return attributePair(loadKnownField(access.owner, access.index, access.object));
    case Kind::kClassMethod:
        return methodPair(loadKnownField(access.owner, access.index, access.object), type);
    default:
        return attributePair(constObject(access.object));
    }
}

// Does the load of a known attribute run Python code?
bool GraphBuilder::mayRunCode(const Shape& shape) const {
    switch (shape.access.kind) {
    case Kind::kProperty:
        return true;
    case Kind::kMethod:
    case Kind::kClassMethod:
        return instr_->op == Op::kLoadAttr; // the collector, see methodPair()
    case Kind::kInstanceValue:
        return shape.entry == SiteProfile::kVaries;
    default:
        return false;
    }
}

bool GraphBuilder::loadByShapes(const Instr& in, Value* owner) {
    const Shapes shapes = shapesAt(in, owner, facts().attributeLoad);
    if (shapes.known.empty())
        return false;
    const bool runs =
        !shapes.complete ||
        std::ranges::any_of(shapes.known, [&](const Shape& shape) { return mayRunCode(shape); });
    const auto others = [&] {
        if (in.op == Op::kLoadMethod)
            return loadMethodGeneric(in, owner);
        return Pair{loadAttrGeneric(in, owner), nullptr};
    };
    const auto [first, second] = dispatch(
        owner, shapes, [&](const Shape& shape) { return loadByShape(owner, shape, others); },
        others);
    push(first);
    if (in.op == Op::kLoadMethod)
        push(second);
    if (runs)
        checkTracing();
    return true;
}

bool GraphBuilder::storeByShapes(const Instr& in, Value* owner, Value* value) {
    const Shapes shapes = shapesAt(in, owner, facts().attributeStore);
    if (shapes.known.empty())
        return false;
    dispatch(
        owner, shapes,
        [&](const Shape& shape) {
            if (shape.access.kind == Kind::kInstanceValue && shape.entry >= 0)
                dropReplaced(hinted(Opcode::kStoreHintedValue, {owner, value}, shape), owner);
            else if (shape.access.kind == Kind::kSlot)
                dropReplaced(emit(Opcode::kStoreField, {owner, value}, shape.access.index), owner);
            else
                helper(Helper::kStoreInstanceValue, {value, owner, nameObject(in.arg)},
                       shape.access.index);
            return Pair{};
        },
        [&] {
            storeAttrGeneric(in, owner, value);
            return Pair{};
        });
    checkTracing();
    return true;
}

// The classes seen for which an instruction calls a function (the object of the shape's access).
GraphBuilder::Shapes
GraphBuilder::shapesCalling(const SiteProfile& site,
                            const std::function<Object*(uint32_t typeVersion)>& functionOf) {
    Shapes shapes;
    shapes.complete = site.width != SiteProfile::kAnyShape;
    for (size_t i = 0; i < site.numShapes; ++i) {
        Shape shape{site.shapes[i], {}};
        shape.access.object = functionOf(shape.version);
        if (shape.access.object)
            shapes.known.push_back(shape);
        else
            shapes.complete = false;
    }
    return shapes;
}

// A subscript of an object whose class has a __getitem__ or __setitem__ in Python: calls that with
// `args`, the object first. The result, or null where no such class was seen.
Value* GraphBuilder::subscriptByShapes(const Instr& in, std::span<Value* const> args) {
    Value* owner = args[0];
    if (!request_.profile || !facts().subscriptFunction ||
        owner->type().exact != ExactClass::kUnknown)
        return nullptr;
    if (in.feedback.kind == Feedback::Kind::kGetItemFunction)
        noteShape(in, owner, {in.feedback.typeVersion});
    isPolymorphic(in, owner);
    const SiteProfile& site = request_.profile->sites[in.offset];
    const ExactClass key = args[1]->type().exact;
    if (site.numShapes == 0 && key != ExactClass::kUnknown && key != ExactClass::kInt)
        seenOperands(in); // so far nobody has asked, see indexedClass()
    if (site.width == SiteProfile::kNoShapes)
        return nullptr;
    const bool stores = in.op == Op::kStoreSubscr;
    const Shapes shapes = shapesCalling(
        site, [&](uint32_t version) { return facts().subscriptFunction(version, stores); });
    if (shapes.known.empty())
        return nullptr;
    return dispatch(
        owner, shapes,
        [&](const Shape& shape) {
            Value* function = constObject(shape.access.object);
            return Pair{callOne(in, nullptr, function, args).result, nullptr};
        },
        [&] {
            if (!stores)
                return Pair{helper(Helper::kBinarySubscr, args), nullptr};
            helper(Helper::kStoreSubscr, {args[2], args[0], args[1]});
            return Pair{none(), nullptr};
        })[0];
}

// Of a class that is a constant: as long as it has its version.
bool GraphBuilder::loadClassAttr(const Instr& in, Value* owner) {
    Object* type = constantOf(owner);
    if (!type || !facts().classAttribute || !speculates(in))
        return false;
    const auto [version, metaVersion, access] =
        facts().classAttribute(type, code_.names[static_cast<size_t>(in.arg)]);
    if (access.kind == Kind::kUnknown)
        return false;
    emit(Opcode::kGuardOwnVersion, {owner}, version);
    if (metaVersion != 0)
        guardTypeVersion(owner, metaVersion);
    if (access.descriptorVersion != 0)
        guardTypeVersion(constObject(access.owner), access.descriptorVersion);
    const auto [first, second] = loadClassValue(access, owner);
    push(first);
    if (in.op == Op::kLoadMethod)
        push(second);
    if (mayRunCode(Shape{{}, access}))
        checkTracing();
    return true;
}

} // namespace pyston::build
