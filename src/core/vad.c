#include "core/vad.h"

#include "core/vad_node.h"

enum node_kind { NODE_PENDING, NODE_REJECTED, NODE_PRIVATE, NODE_DELETING, NODE_UNSHARED, NODE_VIEW };

/* One node of the tree. Until it is read, start and end are the bounds that its ancestors leave it. */
struct node {
    uint64_t va;
    uint64_t start_vpn;
    uint64_t end_vpn;
    uint64_t first_prototype_pte;
    uint64_t last_contiguous_pte;
    uint64_t subsection_va;
    uint32_t parent; /* indexes into the nodes, SIC_NONE where there is none */
    uint32_t left;
    uint32_t right;
    uint8_t kind;
    uint8_t protection;
    uint8_t vad_type;
    uint8_t torn;
};

void sic_vad_walker_init(struct sic_vad_walker *walker, const struct sic_reader *reader,
                         const struct sic_layout *layout)
{
    *walker = (struct sic_vad_walker){.reader = reader, .layout = layout, .vpn_format = sic_layout_vpn_format(layout)};
}

void sic_vad_walker_deinit(struct sic_vad_walker *walker, const struct sic_allocator *allocator)
{
    sic_array_free(allocator, &walker->nodes, sizeof(struct node));
}

static struct node *node_at(const struct sic_vad_walker *walker, uint32_t index)
{
    return (struct node *)walker->nodes.elements + index;
}

/* Appends a node that may cover [start, end]; SIC_NONE when memory ran out. */
static uint32_t push_node(struct sic_vad_walker *walker, const struct sic_allocator *allocator, uint64_t va,
                          uint32_t parent, uint64_t start, uint64_t end)
{
    struct node *node = sic_array_append(allocator, &walker->nodes, sizeof(*node));

    if (!node)
        return SIC_NONE;
    node->va = va;
    node->start_vpn = start;
    node->end_vpn = end;
    node->parent = parent;
    node->left = node->right = SIC_NONE;
    /* Nodes are read level by level: by the time this one's turn comes, its bytes are near. */
    sic_reader_prefetch(walker->reader, va);
    /* Mapped nodes are read as far as their owner. */
    sic_reader_prefetch(walker->reader, va + sic_layout_offset(walker->layout, SIC_FIELD_MMVAD_VADS_PROCESS));
    return walker->nodes.count - 1;
}

/* One of a node's page numbers, the fields of whose parts are given from the low one up. */
static uint64_t load_vpn(const struct sic_layout *layout, enum sic_vpn_format format, const uint8_t *bytes,
                         const uint8_t fields[3])
{
    const uint8_t *low = bytes + sic_layout_offset(layout, fields[0]);
    uint64_t vpn;

    if (format == SIC_VPN_64)
        return sic_load64(low);
    vpn = sic_load32(low);
    if (format >= SIC_VPN_40)
        vpn |= (uint64_t)bytes[sic_layout_offset(layout, fields[1])] << 32;
    if (format == SIC_VPN_44)
        vpn |= (bytes[sic_layout_offset(layout, fields[2])] & 0xfull) << 40;
    return vpn;
}

static const uint8_t start_fields[3] = {SIC_FIELD_MMVAD_SHORT_STARTING_VPN, SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH,
                                        SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGHER};
static const uint8_t end_fields[3] = {SIC_FIELD_MMVAD_SHORT_ENDING_VPN, SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGH,
                                      SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGHER};

uint64_t sic_vad_start_vpn(const struct sic_layout *layout, enum sic_vpn_format format, const uint8_t *bytes)
{
    return load_vpn(layout, format, bytes, start_fields);
}

/* The node's own range, if it lies within the bounds that its ancestors leave it. */
static bool load_range(const struct sic_vad_walker *walker, struct node *node, const uint8_t *bytes)
{
    uint64_t start = load_vpn(walker->layout, walker->vpn_format, bytes, start_fields);
    uint64_t end = load_vpn(walker->layout, walker->vpn_format, bytes, end_fields);

    if (start > end || start < node->start_vpn || end > node->end_vpn)
        return false;
    node->start_vpn = start;
    node->end_vpn = end;
    return true;
}

static bool does_parent_link_hold(const struct sic_vad_walker *walker, const struct node *node, const uint8_t *bytes)
{
    uint64_t link =
        sic_load64(bytes + sic_layout_offset(walker->layout, SIC_FIELD_MMVAD_SHORT_PARENT)) & SIC_VAD_PARENT_MASK;

    return link == (node->parent == SIC_NONE ? walker->root_parent_va : node_at(walker, node->parent)->va);
}

/* MI_VAD_TYPE: views of device and physical memory, whose prototype fields hold page frame numbers. */
#define VAD_TYPE_DEVICE_PHYSICAL_MEMORY 1

/*
 * The subsection that a view starts in. Before Vista a node names the control area, which its first subsection follows
 * in memory: core/view_place.c finds the right one once that one was read.
 */
static uint64_t load_subsection_va(const struct sic_layout *layout, const uint8_t *bytes)
{
    uint64_t control_area_va;

    if (sic_layout_has(layout, SIC_FIELD_MMVAD_SUBSECTION))
        return sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_SUBSECTION));
    control_area_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_CONTROL_AREA));
    return control_area_va + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE);
}

/* The prototype PTE fields of a mapped node; false when they cannot be a view's. */
static bool load_view(const struct sic_reader *reader, const struct sic_layout *layout, struct node *node,
                      const uint8_t *bytes)
{
    if (node->vad_type == VAD_TYPE_DEVICE_PHYSICAL_MEMORY) {
        node->kind = NODE_UNSHARED;
        return true;
    }
    node->subsection_va = load_subsection_va(layout, bytes);
    node->first_prototype_pte = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_FIRST_PROTOTYPE_PTE));
    node->last_contiguous_pte = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_LAST_CONTIGUOUS_PTE));
    if (node->first_prototype_pte == 0) {
        node->kind = NODE_UNSHARED;
        return true;
    }
    node->kind = NODE_VIEW;
    node->torn = node->last_contiguous_pte != SIC_WHOLE_VIEW_CONTIGUOUS &&
                 (!sic_is_kernel_pointer(reader, node->last_contiguous_pte, 8) ||
                  node->last_contiguous_pte < node->first_prototype_pte);
    return sic_is_kernel_pointer(reader, node->first_prototype_pte, 8) &&
           sic_is_kernel_pointer(reader, node->subsection_va, 8);
}

/* Kernels before 7600 do not say whose a node is: only its parent link ties it to a process. */
static bool is_owned_by(const struct sic_layout *layout, const uint8_t *bytes, uint64_t eprocess_va)
{
    uint64_t owner = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_VADS_PROCESS));

    return (owner & SIC_VAD_OWNER_MASK) == eprocess_va && (owner & ~SIC_VAD_OWNER_MASK) == SIC_VAD_OWNER_USER;
}

/*
 * A mapped node. Its owner field proves that it belongs to this process even where its parent link is torn.
 * Returns the problem, or SIC_PROBLEM_KIND_COUNT. node->kind says whether the node can be used.
 */
static enum sic_problem_kind read_mapped_node(const struct sic_vad_walker *walker, struct node *node,
                                              uint64_t eprocess_va, bool parent_holds)
{
    uint8_t scratch[SIC_VAD_SIZE_LIMIT];
    const uint8_t *bytes =
        sic_reader_bytes(walker->reader, node->va, scratch, sic_layout_offset(walker->layout, SIC_FIELD_MMVAD_SIZE));

    node->kind = NODE_REJECTED;
    if (!bytes)
        return SIC_PROBLEM_NODE_UNREADABLE;
    if (!sic_layout_has(walker->layout, SIC_FIELD_MMVAD_VADS_PROCESS)) {
        if (!parent_holds)
            return SIC_PROBLEM_NODE_PARENT;
    } else if (!is_owned_by(walker->layout, bytes, eprocess_va)) {
        return SIC_PROBLEM_NODE_OWNER;
    }
    if (!load_view(walker->reader, walker->layout, node, bytes)) {
        /* The tree below it is sound all the same: the node is this process's and in its place. */
        node->kind = NODE_UNSHARED;
        return SIC_PROBLEM_VIEW_TORN;
    }
    if (node->torn)
        return SIC_PROBLEM_VIEW_TORN;
    return parent_holds ? SIC_PROBLEM_KIND_COUNT : SIC_PROBLEM_NODE_PARENT;
}

/* Reads the node and leaves its children in *left_va and *right_va. */
static enum sic_problem_kind read_node(const struct sic_vad_walker *walker, struct node *node, uint64_t eprocess_va,
                                       uint64_t *left_va, uint64_t *right_va)
{
    const struct sic_layout *layout = walker->layout;
    uint8_t scratch[SIC_VAD_SIZE_LIMIT];
    /* A private node may be a bare _MMVAD_SHORT: no more is read until the flags say that there is more. */
    const uint8_t *bytes =
        sic_reader_bytes(walker->reader, node->va, scratch, sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_SIZE));
    enum sic_problem_kind problem = SIC_PROBLEM_KIND_COUNT;
    bool parent_holds;
    uint64_t flags;

    node->kind = NODE_REJECTED;
    if (!bytes)
        return SIC_PROBLEM_NODE_UNREADABLE;
    if (!load_range(walker, node, bytes))
        return SIC_PROBLEM_NODE_ORDER;
    parent_holds = does_parent_link_hold(walker, node, bytes);
    flags = sic_vad_node_flags(layout, walker->vpn_format, bytes);
    *left_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_LEFT));
    *right_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_RIGHT));
    node->protection = (uint8_t)sic_layout_bits(layout, SIC_FIELD_VAD_FLAGS_PROTECTION, flags);
    node->vad_type = (uint8_t)sic_layout_bits(layout, SIC_FIELD_VAD_FLAGS_TYPE, flags);
    if (!sic_layout_bits(layout, SIC_FIELD_VAD_FLAGS_PRIVATE_MEMORY, flags)) {
        problem = read_mapped_node(walker, node, eprocess_va, parent_holds);
    } else if (parent_holds) {
        node->kind = NODE_PRIVATE;
    } else {
        /* Nothing but its parent link ties a private node to this process. */
        problem = SIC_PROBLEM_NODE_PARENT;
    }
    if (node->kind != NODE_REJECTED && sic_layout_bits(layout, SIC_FIELD_VAD_FLAGS_DELETE_IN_PROGRESS, flags))
        node->kind = NODE_DELETING;
    return problem;
}

/* Queues the child at `va` for the range [start, end] that its parent leaves it; start > end leaves it nothing. */
static bool push_child(struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index, uint32_t parent,
                       uint64_t va, uint64_t start, uint64_t end, uint32_t *child)
{
    *child = SIC_NONE;
    if (va == 0)
        return true;
    if (!sic_is_kernel_pointer(walker->reader, va, 8))
        return sic_scan_add_problem(scan, SIC_PROBLEM_NODE_POINTER, process_index, node_at(walker, parent)->va);
    if (start > end)
        return sic_scan_add_problem(scan, SIC_PROBLEM_NODE_ORDER, process_index, va);
    *child = push_node(walker, &scan->allocator, va, parent, start, end);
    return *child != SIC_NONE;
}

static void count_node(struct sic_process *process, const struct node *node)
{
    if (node->kind == NODE_REJECTED)
        return;
    process->node_count++;
    process->private_count += node->kind == NODE_PRIVATE;
    process->deleting_count += node->kind == NODE_DELETING;
    process->unshared_count += node->kind == NODE_UNSHARED;
}

/*
 * A child out of order whose parent link leads back to this parent: which of the two is torn cannot be told. The
 * parent's views are shown, so it is named too.
 */
static bool accuse_parent(const struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index,
                          const struct node *node)
{
    uint8_t scratch[SIC_VAD_SIZE_LIMIT];
    const uint8_t *bytes = sic_reader_bytes(walker->reader, node->va, scratch,
                                            sic_layout_offset(walker->layout, SIC_FIELD_MMVAD_SHORT_SIZE));

    if (node->parent == SIC_NONE || node_at(walker, node->parent)->kind != NODE_VIEW || !bytes ||
        !does_parent_link_hold(walker, node, bytes))
        return true;
    return sic_scan_add_problem(scan, SIC_PROBLEM_VIEW_TORN, process_index, node_at(walker, node->parent)->va);
}

static bool visit_node(struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index, uint32_t index)
{
    struct sic_process *process = sic_scan_process(scan, process_index);
    struct node node = *node_at(walker, index);
    uint64_t first = node.start_vpn, last = node.end_vpn, left_va = 0, right_va = 0;
    enum sic_problem_kind problem = read_node(walker, &node, process->eprocess_va, &left_va, &right_va);
    uint32_t left = SIC_NONE, right = SIC_NONE;

    count_node(process, &node);
    *node_at(walker, index) = node;
    if (problem != SIC_PROBLEM_KIND_COUNT && !sic_scan_add_problem(scan, problem, process_index, node.va))
        return false;
    if (problem == SIC_PROBLEM_NODE_ORDER && !accuse_parent(walker, scan, process_index, &node))
        return false;
    if (node.kind == NODE_REJECTED)
        return true;
    if (node.kind == NODE_VIEW)
        sic_index_prefetch(&scan->subsection_index, node.subsection_va);
    /* start_vpn - 1 would wrap at 0: nothing can lie left of a node that starts with the first page. */
    if (!push_child(walker, scan, process_index, index, left_va, node.start_vpn ? first : 1,
                    node.start_vpn ? node.start_vpn - 1 : 0, &left) ||
        !push_child(walker, scan, process_index, index, right_va, node.end_vpn + 1, last, &right))
        return false;
    node_at(walker, index)->left = left;
    node_at(walker, index)->right = right;
    return true;
}

static bool emit_view(struct sic_scan *scan, uint32_t process_index, const struct node *node)
{
    uint32_t subsection = sic_scan_intern_subsection(scan, node->subsection_va);
    struct sic_view *view;

    if (subsection == SIC_NONE)
        return false;
    view = sic_array_append(&scan->allocator, &scan->views, sizeof(*view));
    if (!view)
        return false;
    *view = (struct sic_view){
        .first_prototype_pte = node->first_prototype_pte,
        .last_contiguous_pte = node->last_contiguous_pte,
        .start_vpn = node->start_vpn,
        .end_vpn = node->end_vpn,
        .subsection = subsection,
        .process = process_index,
        .protection = node->protection,
        .vad_type = node->vad_type,
        .flags = node->torn ? SIC_VIEW_TORN : 0,
    };
    return true;
}

static uint32_t leftmost(const struct sic_vad_walker *walker, uint32_t index)
{
    while (node_at(walker, index)->left != SIC_NONE)
        index = node_at(walker, index)->left;
    return index;
}

/* The next node by address, found through the indexes that this walk itself made: they are sound. */
static uint32_t successor(const struct sic_vad_walker *walker, uint32_t index)
{
    uint32_t parent;

    if (node_at(walker, index)->right != SIC_NONE)
        return leftmost(walker, node_at(walker, index)->right);
    for (parent = node_at(walker, index)->parent; parent != SIC_NONE; parent = node_at(walker, index)->parent) {
        if (node_at(walker, parent)->left == index)
            return parent;
        index = parent;
    }
    return SIC_NONE;
}

static bool emit_views(const struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index)
{
    uint32_t first = scan->views.count;

    for (uint32_t i = leftmost(walker, 0); i != SIC_NONE; i = successor(walker, i)) {
        if (node_at(walker, i)->kind == NODE_VIEW && !emit_view(scan, process_index, node_at(walker, i)))
            return false;
    }
    sic_scan_process(scan, process_index)->first_view = first;
    sic_scan_process(scan, process_index)->view_count = scan->views.count - first;
    return true;
}

/*
 * A tree of _MM_AVL_TABLE hangs from a node in the _EPROCESS whose parent link leads to itself and whose left child is
 * none. Where it says something else the tree is walked all the same: its nodes have to prove themselves.
 */
static bool check_sentinel(struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index)
{
    const struct sic_layout *layout = walker->layout;
    uint64_t va, parent_va, left_va;

    walker->root_parent_va = 0;
    if (!sic_layout_has_sentinel(layout))
        return true;
    va = sic_scan_process(scan, process_index)->eprocess_va + sic_vad_sentinel_offset(layout);
    walker->root_parent_va = va;
    if (sic_reader_u64(walker->reader, va + sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_PARENT), &parent_va) &&
        sic_reader_u64(walker->reader, va + sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_LEFT), &left_va) &&
        (parent_va & SIC_VAD_PARENT_MASK) == va && left_va == 0)
        return true;
    return sic_scan_add_problem(scan, SIC_PROBLEM_NODE_PARENT, process_index, va);
}

static uint64_t user_vpn_limit(const struct sic_vad_walker *walker)
{
    return walker->vpn_format == SIC_VPN_44 ? SIC_USER_VPN_LIMIT_5 : SIC_USER_VPN_LIMIT;
}

bool sic_vad_walk(struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index)
{
    struct sic_process *process = sic_scan_process(scan, process_index);
    uint64_t root_va = process->vad_root_va;

    process->first_view = scan->views.count;
    walker->nodes.count = 0;
    if (root_va == 0) {
        /* So it is when a process has exited, and in a few that never had user memory. A torn record looks the same. */
        if (process->exit_time == 0 && (process->vad_count != 0 || process->image_file_name[0] == 0))
            return sic_scan_add_problem(scan, SIC_PROBLEM_TREE_MISSING, process_index, process->eprocess_va);
        return true;
    }
    if (!sic_is_kernel_pointer(walker->reader, root_va, 8))
        return sic_scan_add_problem(scan, SIC_PROBLEM_NODE_POINTER, process_index, process->eprocess_va);
    if (!check_sentinel(walker, scan, process_index) ||
        push_node(walker, &scan->allocator, root_va, SIC_NONE, 0, user_vpn_limit(walker)) == SIC_NONE)
        return false;
    for (uint32_t i = 0; i < walker->nodes.count; i++) {
        if (sic_reader_is_cancelled(walker->reader) || !visit_node(walker, scan, process_index, i))
            return false;
    }
    return emit_views(walker, scan, process_index);
}
