"""Every action a plan may name."""
import on_clients
import on_network
import on_processes
import on_streams
from registry import ACTIONS

__all__ = ["ACTIONS", "on_clients", "on_network", "on_processes", "on_streams"]
