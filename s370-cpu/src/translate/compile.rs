//! From a plan to host code: the only place, with [`emit`](super::emit), that knows Cranelift.

use cranelift_codegen::{
    Context,
    control::ControlPlane,
    ir::{
        AbiParam, Block as HostBlock, BlockCall, Function, InstBuilder, JumpTableData, Signature, UserFuncName, Value,
        condcodes::IntCC, types,
    },
    isa::OwnedTargetIsa,
    settings::{self, Configurable},
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use s370_arch::storage_key::BLOCK;

use super::{
    algebra::{Algebra, Choice, Next},
    emit::{Beginning, Emit, Picture, Reason, Surroundings, Variables, plain},
    entry::Frame,
    plan::{Block, Plan},
    semantics::{execute, next_address},
    survey::Registers,
};

/// Why nothing can be translated, or this region cannot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The host's processor is none that code can be made for.
    #[error("no code can be made for this host: {0}")]
    Host(String),
    /// The compiler failed on a region.
    #[error("a region of {instructions} instructions at {at:06X} could not be compiled: {why}")]
    Compiler {
        /// Instructions of the region.
        instructions: usize,
        /// Address of its first entry.
        at: u32,
        /// What the compiler says.
        why: String,
    },
    /// The host does not give memory for code.
    #[error("the host gives no memory for code: {0}")]
    Memory(String),
}

/// Makes host code. It can be given to another thread, with a plan.
pub struct Compiler {
    isa: OwnedTargetIsa,
    context: Context,
    builder: FunctionBuilderContext,
}

impl Compiler {
    /// A compiler for this host.
    ///
    /// # Errors
    /// The host is none that code can be made for.
    pub fn new() -> Result<Compiler, Trouble> {
        let host = cranelift_native::builder().map_err(|why| Trouble::Host(why.into()))?;
        let mut flags = settings::builder();
        let verify = if cfg!(debug_assertions) { "true" } else { "false" };
        // Loads must not be merged: another processor or a channel may change storage between them.
        let choices = [
            ("opt_level", "speed"),
            ("enable_verifier", verify),
            ("enable_alias_analysis", "false"),
            ("unwind_info", "false"),
            ("enable_probestack", "false"),
        ];
        for (name, value) in choices {
            flags.set(name, value).map_err(|why| Trouble::Host(why.to_string()))?;
        }
        let isa = host.finish(settings::Flags::new(flags)).map_err(|why| Trouble::Host(why.to_string()))?;
        Ok(Compiler { isa, context: Context::new(), builder: FunctionBuilderContext::new() })
    }

    /// Compiles a region: its code, which may stand anywhere. It can be listed afterwards if `list` says so.
    ///
    /// # Errors
    /// The compiler fails.
    pub fn compile(&mut self, plan: &Plan, surroundings: Surroundings, list: bool) -> Result<Vec<u8>, Trouble> {
        let failure = |why: String| Trouble::Compiler {
            instructions: plan.instructions(),
            at: plan.entries.first().map_or(0, |entry| plan.blocks[entry.block].at()),
            why,
        };
        self.context.clear();
        self.context.set_disasm(list);
        let mut signature = Signature::new(self.isa.default_call_conv());
        signature.params.extend([AbiParam::new(types::I64), AbiParam::new(types::I32)]);
        signature.returns.push(AbiParam::new(types::I64));
        self.context.func = Function::with_name_signature(UserFuncName::default(), signature);
        let builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        Region::write(builder, plan, surroundings, self.isa.frontend_config());
        let code = self
            .context
            .compile(&*self.isa, &mut ControlPlane::default())
            .map_err(|error| failure(error.inner.to_string()))?;
        if !code.buffer.relocs().is_empty() {
            return Err(failure("the code refers to other code".into()));
        }
        Ok(code.code_buffer().to_vec())
    }

    /// The region compiled last in the compiler's intermediate language as optimized, and in the host's, if
    /// [`Compiler::compile`] was told to list it.
    pub fn listing(&self) -> (String, String) {
        let listed = self.context.compiled_code().and_then(|code| code.vcode.clone()).unwrap_or_default();
        (self.context.func.display().to_string(), listed)
    }
}

/// A region while it is written.
struct Region<'p> {
    plan: &'p Plan,
    surroundings: Surroundings,
    variables: Variables,
    hosts: Vec<HostBlock>,
    frame: Value,
    fetch: Value,
    store: Value,
}

impl Region<'_> {
    fn write(
        mut builder: FunctionBuilder<'_>,
        plan: &Plan,
        surroundings: Surroundings,
        config: cranelift_codegen::isa::TargetFrontendConfig,
    ) {
        let variables = Variables {
            gr: std::array::from_fn(|_| builder.declare_var(types::I32)),
            fpr: std::array::from_fn(|_| builder.declare_var(types::I64)),
            condition: builder.declare_var(types::I64),
            left: builder.declare_var(types::I64),
        };
        let start = builder.create_block();
        builder.append_block_params_for_function_params(start);
        builder.switch_to_block(start);
        builder.seal_block(start);
        let (frame, number) = (builder.block_params(start)[0], builder.block_params(start)[1]);
        let hosts = plan.blocks.iter().map(|_| builder.create_block()).collect();
        let mut load = |kind, offset| builder.ins().load(kind, plain().with_aligned(), frame, offset);
        let (fetch, store) = (load(types::I64, Frame::FETCH), load(types::I64, Frame::STORE));
        let mut values = Vec::new();
        for n in 0..16 {
            if plan.touched.has(Registers::general(n)) {
                values.push((variables.gr[usize::from(n)], load(types::I32, Frame::general(n))));
            }
        }
        for n in 0..4 {
            if plan.touched.has(Registers::floating(n)) {
                values.push((variables.fpr[usize::from(n)], load(types::I64, Frame::floating(n))));
            }
        }
        values.push((variables.condition, load(types::I64, Frame::CONDITION)));
        values.push((variables.left, load(types::I64, Frame::LEFT)));
        for (variable, value) in values {
            builder.def_var(variable, value);
        }
        let mut region = Region { plan, surroundings, variables, hosts, frame, fetch, store };
        region.enter(&mut builder, number);
        for number in 0..plan.blocks.len() {
            region.write_block(&mut builder, number);
        }
        builder.seal_all_blocks();
        builder.finalize(config);
    }

    /// Goes to the block of an entry.
    fn enter(&mut self, builder: &mut FunctionBuilder<'_>, number: Value) {
        let entries = &self.plan.entries;
        if let [only] = &entries[..] {
            builder.ins().jump(self.hosts[only.block], &[]);
            return;
        }
        let calls: Vec<BlockCall> =
            entries.iter().map(|entry| builder.func.dfg.block_call(self.hosts[entry.block], &[])).collect();
        // Two calls must not share the list of their arguments.
        let otherwise = builder.func.dfg.block_call(self.hosts[entries[0].block], &[]);
        let table = builder.create_jump_table(JumpTableData::new(otherwise, &calls));
        builder.ins().br_table(number, table);
    }

    fn write_block(&mut self, builder: &mut FunctionBuilder<'_>, number: usize) {
        let block = &self.plan.blocks[number];
        let count = block.sites.len() as u32;
        builder.switch_to_block(self.hosts[number]);
        let left = builder.use_var(self.variables.left);
        let condition = builder.use_var(self.variables.condition);
        let after = builder.ins().iadd_imm_s(left, -i64::from(count));
        // Registers that are put back at the end of each block are what the frame has.
        let dirty = if self.plan.puts_back() { block.dirty.in_both(Registers::CONDITION) } else { block.dirty };
        let picture = Picture::new(condition, dirty);
        let beginning = Beginning {
            frame: self.frame,
            fetch: self.fetch,
            store: self.store,
            left: after,
            instructions: count,
            picture,
            known: block.known,
        };
        let mut emit = Emit::new(builder, &self.variables, self.surroundings, self.plan.program_mask, beginning);
        let short = emit.builder.ins().icmp_imm_s(IntCC::SignedLessThan, after, 0);
        let out = emit.exit_to(Ok(block.at()), Reason::Budget);
        emit.unless(short, out);
        let mut flow = Next::Sequential;
        for site in &block.sites {
            emit.begin(site.at);
            flow = execute(&mut emit, &site.slot, next_address(&site.slot, site.at)).unwrap_or(Next::Sequential);
            emit.end();
        }
        emit.settle(self.plan.puts_back());
        emit.builder.def_var(self.variables.left, after);
        Self::finish(&mut emit, self.plan, &self.hosts, block, flow);
        emit.write_exits();
    }

    /// Writes how a block ends.
    fn finish(
        emit: &mut Emit<'_, '_>,
        plan: &Plan,
        hosts: &[HostBlock],
        block: &Block,
        flow: Next<super::emit::Word, Value>,
    ) {
        let mut edges = Edges { plan, hosts, from: block.sites.last().map_or(0, |site| site.at), checks: Vec::new() };
        match flow {
            Next::Sequential | Next::Branch(Choice::Never, _) => {
                let to = edges.lead(emit, block.next());
                emit.builder.ins().jump(to, &[]);
            }
            Next::Branch(Choice::Always, target) => edges.branch(emit, block, target),
            Next::Branch(Choice::If(truth), target) => {
                let on = edges.lead(emit, block.next());
                if let Some(known) = target.known() {
                    let to = edges.lead(emit, known);
                    emit.builder.ins().brif(truth, to, &[], on, &[]);
                } else {
                    let taken = emit.builder.create_block();
                    emit.builder.ins().brif(truth, taken, &[], on, &[]);
                    emit.builder.seal_block(taken);
                    emit.builder.switch_to_block(taken);
                    edges.branch(emit, block, target);
                }
            }
        }
        edges.write_checks(emit);
    }
}

/// The ways out of a block.
struct Edges<'p> {
    plan: &'p Plan,
    hosts: &'p [HostBlock],
    /// Address of the block's last instruction.
    from: u32,
    /// Blocks still to be written: they look whether the guest's next block is where it was, and go there or out.
    checks: Vec<(HostBlock, HostBlock, HostBlock, u32)>,
}

impl Edges<'_> {
    /// The host's block that leads to a guest's address.
    fn lead(&mut self, emit: &mut Emit<'_, '_>, to: u32) -> HostBlock {
        let Some(&number) = self.plan.index.get(&to) else { return emit.exit_to(Ok(to), Reason::Outside) };
        if to & !(BLOCK - 1) == self.from & !(BLOCK - 1) {
            return self.hosts[number];
        }
        let check = emit.builder.create_block();
        let out = emit.exit_to(Ok(to), Reason::Outside);
        self.checks.push((check, self.hosts[number], out, to));
        check
    }

    /// Goes where a branch leads.
    fn branch(&mut self, emit: &mut Emit<'_, '_>, block: &Block, target: super::emit::Word) {
        if let Some(known) = target.known() {
            let to = self.lead(emit, known);
            emit.builder.ins().jump(to, &[]);
            return;
        }
        for &candidate in &block.targets {
            let to = self.lead(emit, candidate);
            let is_it = emit.builder.ins().icmp_imm_u(IntCC::Equal, target.value(), i64::from(candidate));
            emit.unless(is_it, to);
        }
        let out = emit.exit_to(Err(target.value()), Reason::Outside);
        emit.builder.ins().jump(out, &[]);
    }

    fn write_checks(&mut self, emit: &mut Emit<'_, '_>) {
        for (check, to, out, at) in std::mem::take(&mut self.checks) {
            emit.builder.seal_block(check);
            emit.builder.switch_to_block(check);
            let logical = at & !(BLOCK - 1);
            let absolute = self.plan.homes.get(&logical).copied().unwrap_or(u32::MAX);
            let expected = (emit.surroundings.storage + absolute as usize).wrapping_sub(logical as usize);
            let address = emit.word(at);
            let entry = emit.entry(emit.fetch, address);
            let expected = emit.long(expected as u64);
            let is_elsewhere = emit.builder.ins().icmp(IntCC::NotEqual, entry, expected);
            emit.builder.ins().brif(is_elsewhere, out, &[], to, &[]);
        }
    }
}
