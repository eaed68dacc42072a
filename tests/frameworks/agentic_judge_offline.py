"""verifiers' shared agentic judge on a host without containers: the same protocol, prompts, trace file and scoring.

The judge's code runs no model-made commands here; the offline harness only reads the trace file and writes the verdict file.
"""

from __future__ import annotations

import verifiers.v1 as vf
from verifiers.v1.envs.agentic_judge.env import JudgeTask, SharedAgenticJudgeEnv

__all__ = ["OfflineJudgeEnv"]


class HostJudgeTask(JudgeTask):
    NEEDS_CONTAINER = False


class OfflineJudgeEnv(SharedAgenticJudgeEnv):
    def _check_agents(self) -> None:
        """The container that this check insists on is what there is none of here."""

    async def run(self, task: vf.Task, agents: vf.Agents) -> None:
        async with agents.solver.provision(task) as box:
            solution = await agents.solver.run(task, runtime=box)
            await agents.judge.run(HostJudgeTask.from_trace(solution, self.config.task), runtime=box)
