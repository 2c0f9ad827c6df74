// Members that only C++ has, which a reader of structures must pass over or flatten.
namespace space
{
struct base {
    int base_member;
    static int shared;
    int method(int);
    int method(char);
};

struct second_base {
    long long second_member;
    virtual int introduced();
    virtual ~second_base();
};

struct derived : second_base, base {
    enum inner_enum : short { INNER_ONE = -1, INNER_TWO = 2 };
    struct inner {
        char deep;
        union {
            int either;
            float other;
        };
    };
    inner_enum choice;
    inner nested;
    int introduced() override;
    virtual int also_introduced(int);
    template <class T> T templated(T value)
    {
        return value;
    }
    friend int befriended(derived &);
    int *pointer;
};

int base::shared = 1;
int base::method(int value)
{
    return value + base_member;
}
int base::method(char value)
{
    return value;
}
int second_base::introduced()
{
    return (int)second_member;
}
second_base::~second_base()
{
}
int derived::introduced()
{
    return base_member + choice;
}
int derived::also_introduced(int value)
{
    return value + nested.deep;
}
} // namespace space

space::derived *pointer_derived;
unsigned long long size_derived = sizeof(space::derived);
unsigned long long size_inner = sizeof(space::derived::inner);
void operator delete(void *, unsigned long long) noexcept
{
}
extern "C" int _purecall()
{
    return 0;
}
