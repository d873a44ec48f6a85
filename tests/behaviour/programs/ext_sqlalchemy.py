# sqlalchemy with sqlite: ORM sessions, events, hybrid properties, rollback.
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, event, func, select
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String, unique=True)
    items = relationship("Item", back_populates="owner", order_by="Item.id")


class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
    value = Column(Integer)
    owner_id = Column(ForeignKey("users.id"))
    owner = relationship(User, back_populates="items")


engine = create_engine("sqlite://", future=True)
Base.metadata.create_all(engine)
loads = []
event.listen(User, "load", lambda target, context: loads.append(target.name))
with Session(engine) as s:
    for i in range(60):
        u = User(name=f"user{i}")
        u.items = [Item(value=i * j) for j in range(5)]
        s.add(u)
    s.commit()
with Session(engine) as s:
    print(s.scalar(select(func.count()).select_from(Item)), s.scalar(select(func.sum(Item.value))))
    rows = s.execute(select(User.name, func.sum(Item.value)).join(Item).group_by(User.id).having(func.sum(Item.value) > 550)).all()
    print(rows)
    users = s.scalars(select(User).where(User.id < 40).order_by(User.id)).all()
    print(sum(len(u.items) + sum(x.value for x in u.items) for u in users), len(loads))
    users[0].name = "user1"
    try:
        s.commit()
    except Exception as e:
        print(type(e).__name__)
        s.rollback()
    print(users[0].name)
